import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../src/common/log.js';
import { loadConfig, parseSource } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { restoreJournal } from '../../src/journal-restore.js';
import { openJournalUpkeep } from '../../src/journal-upkeep.js';
import { serve, type RunningService } from '../../src/serve.js';
import { Operator } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli } from '../support/cli.js';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
const COMMANDS = blocks('sh').flatMap((block) =>
  block.split('\n').flatMap((line) => (line.startsWith('npx zenova ') ? [line.replace('npx zenova ', '')] : [])),
);
const ABOUT_THE_DATABASE = COMMANDS.filter((line) => line.startsWith('db '));
const FIRST_CALLS = COMMANDS.filter((line) => !ABOUT_THE_DATABASE.includes(line));
const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));

function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-readme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe("the README's first calls, against the simulated estate", () => {
  const run = `readme-${randomBytes(6).toString('hex')}`;
  const names = {
    groupQueue: `zenova.rpc.${run}`,
    serverQueue: `zenova.rpc.server.${run}`,
    deadQueue: `zenova.rpc.dead.${run}`,
    eventsExchange: `zenova.events.${run}`,
  };
  let broker: Pick<Broker, 'url' | 'stop'>;
  let service: RunningService;

  beforeAll(async () => {
    broker = await sharedBroker();
    const config = {
      server: run,
      group: run,
      state_dir: directory,
      amqp: { url: broker.url, dead_queue: names.deadQueue, events_exchange: names.eventsExchange },
      http: { enabled: false },
    };
    const source = { ...parseSource(JSON.stringify(config), 'the test'), isSimulatedEstate: true }; // JSON is YAML
    service = await serve(loadConfig(source, { driverSettings, environment: {} }), { log: silentLog });
    await service.ready(AbortSignal.timeout(30_000));
  }, 120_000);
  afterAll(async () => {
    await service.stop();
    const operator = await Operator.connect(broker.url);
    await operator.remove(names);
    await operator.close();
    await broker.stop();
  }, 60_000);

  it('are some', () => {
    expect(FIRST_CALLS.length).toBeGreaterThan(4);
  });

  it.each(FIRST_CALLS)('zenova %s', async (line) => {
    const { code, stdout } = await cli([...line.split(' '), '--group', run], {
      environment: { ZENOVA_AMQP_URL: broker.url },
    });
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
  });
});

describe("the README's backup and restore", () => {
  it('work as they are shown, the restore once the service is stopped', async () => {
    const stateDir = join(directory, 'state');
    const file = join(directory, 'own.yaml');
    const written = { state_dir: stateDir, amqp: { url: 'amqp://127.0.0.1:9' }, http: { enabled: false } };
    writeFileSync(file, JSON.stringify(written));
    const service = await serve(
      loadConfig(parseSource(JSON.stringify(written), file), { driverSettings, environment: {} }),
      { log: silentLog },
    );
    const run = async (line: string): Promise<void> => {
      const here = line.replaceAll('/var/backups', directory).split(' ');
      const { code, stdout, stderr } = await cli([...here, '--config', file], {
        journalUpkeep: (config) => openJournalUpkeep(config, {}),
        restoreJournal: (config, input, signal) => restoreJournal(config, input, signal, {}),
      });
      expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
      expect(stdout).not.toBe('');
    };
    const restore = ABOUT_THE_DATABASE.findIndex((line) => line.startsWith('db restore '));
    expect(restore).toBeGreaterThan(0);
    for (const line of ABOUT_THE_DATABASE.slice(0, restore)) await run(line);
    await service.stop();
    for (const line of ABOUT_THE_DATABASE.slice(restore)) await run(line);
  });
});

describe("the README's configuration", () => {
  it('is one, when the files are there that it refers to', () => {
    const [yaml = ''] = blocks('yaml');
    mkdirSync(join(directory, 'etc'));
    const here = yaml.replaceAll('/etc/zenova/', `${directory}/etc/`);
    for (const [, name = ''] of yaml.matchAll(/\/etc\/zenova\/([\w.-]+)/g))
      writeFileSync(join(directory, 'etc', name), name === 'amqp-url' ? 'amqps://broker.example' : 'x', {
        mode: 0o600,
      });
    const config = loadConfig(parseSource(here, join(directory, 'zenova.yaml')), { driverSettings, environment: {} });
    expect([...config.hosts.values()]).toMatchObject([{ name: 'cpc1', driver: 'hmc-dpm', protect: ['db-prod'] }]);
  });
});
