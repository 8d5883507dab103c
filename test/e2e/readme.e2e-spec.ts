import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../src/common/log.js';
import { loadConfig, parseSource } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { serve, type RunningService } from '../../src/serve.js';
import { Operator } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli } from '../support/cli.js';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
const COMMANDS = blocks('sh').flatMap((block) =>
  block.split('\n').flatMap((line) => (line.startsWith('npx zenova ') ? [line.replace('npx zenova ', '')] : [])),
);
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
    service = await serve(loadConfig(source, { driverSettings, environment: {} }), silentLog);
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
    expect(COMMANDS.length).toBeGreaterThan(4);
  });

  it.each(COMMANDS)('zenova %s', async (line) => {
    const { code, stdout } = await cli([...line.split(' '), '--group', run], {
      environment: { ZENOVA_AMQP_URL: broker.url },
    });
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
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
