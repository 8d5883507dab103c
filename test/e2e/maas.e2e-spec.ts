import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcSimulator } from '../../src/simulators/hmc/index.js';
import { WebhookSimulator } from '../../src/simulators/webhook/index.js';
import { Operator, namesOf } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { cli } from '../support/cli.js';
import { parseCurl } from '../support/curl-example.js';
import { MaasDriver } from '../support/maas-driver.js';
import { scaledClock } from '../support/scaled-clock.js';
import { hmcHost } from '../support/hmc-host.js';
import { ServiceProcess } from '../support/service-process.js';

const TOKEN = 'canary-token-for-maas';
const HMC_PASSWORD = 'canary-hmc-password';
const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../../docs/maas.md'), 'utf8');
const DOCUMENTED = 'http://zenova.example:8780';

/** MAAS waits for seconds where the simulator takes tenths of them. */
const clock = scaledClock(10);
const run = `maas-${randomBytes(6).toString('hex')}`;
const names = namesOf(run);

let broker: Pick<Broker, 'url' | 'stop'>;
let hmc: HmcSimulator;
let pdu: WebhookSimulator;
let service: ServiceProcess;

beforeAll(async () => {
  broker = await sharedBroker();
  hmc = await HmcSimulator.start({
    inventory: {
      timing: { start_ms: 400, paused_ms: 50, stop_ms: 200 },
      users: [{ name: 'zenova', password: HMC_PASSWORD }],
      cpcs: [
        {
          name: 'CPC1',
          mode: 'dpm',
          partitions: [
            { name: 'web01', properties: { 'boot-device': 'storage-volume' } },
            { name: 'db-prod', status: 'active', properties: { 'boot-device': 'storage-volume' } },
          ],
        },
      ],
    },
    port: 0,
  });
  service = new ServiceProcess({
    url: broker.url,
    group: run,
    server: run,
    deadQueue: names.deadQueue,
    eventsExchange: names.eventsExchange,
    environment: { HMC_PASSWORD, MAAS_TOKEN: TOKEN },
    http: { tokens: [{ name: 'maas', token: { env: 'MAAS_TOKEN' }, access: 'act' }] },
    hosts: {
      cpc1: hmcHost(hmc, { manage: ['web*'] }),
      // Stands in for a z/VM system: the addresses are the same for every driver.
      zvm1: { driver: 'fake', settings: { instances: 0, names: ['LINUX01'] } },
    },
  });
  await service.start();
  await service.ready();
  pdu = await WebhookSimulator.start({
    inventory: { server: { token: TOKEN }, machines: [{ name: 'outlet7', start_ms: 200, stop_ms: 200 }] },
    port: 0,
  });
  await register('rack1-outlet7');
});

/** Registers an outlet, as an operator does. */
async function register(name: string): Promise<void> {
  const address = (what: string): string => `power_${what}_uri=${pdu.url}/machines/outlet7/${what}`;
  const uris = [address('on'), address('off'), `power_query_uri=${pdu.url}/machines/outlet7/status`];
  const parameters = uris.flatMap((uri) => ['--param', uri]);
  const argv = ['machine', 'register', name, '--type', 'webhook', ...parameters, '--param-env', 'power_token=TOKEN'];
  const environment = { ZENOVA_AMQP_URL: broker.url, TOKEN };
  const { code, stdout } = await cli([...argv, '--group', run], { environment });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/machine.status +verified/) });
}

afterAll(async () => {
  await service.discard();
  await Promise.all([hmc.stop(), pdu.stop()]);
  const operator = await Operator.connect(broker.url);
  await operator.remove(names);
  await operator.close();
  await broker.stop();
});

beforeEach(() => {
  hmc.setStatus('web01', 'stopped');
  hmc.wireLog.clear();
});

function maas(instance: string, credentials: object = { power_token: TOKEN }): MaasDriver {
  return maasOf(`hosts/cpc1/instances/${instance}`, credentials);
}

function maasOf(machine: string, credentials: object = { power_token: TOKEN }): MaasDriver {
  const base = `${service.httpUrl}/v1/maas/${machine}`;
  const uris = { power_on_uri: `${base}/on`, power_off_uri: `${base}/off`, power_query_uri: `${base}/status` };
  return new MaasDriver({ ...uris, ...credentials }, clock);
}

describe('a MAAS that knows nothing of Zenova', () => {
  it('powers an LPAR', async () => {
    const driver = maas('web01');
    expect(await driver.query()).toBe('off');
    await driver.on();
    expect(hmc.status('web01')).toBe('active');
    await driver.cycle();
    await driver.off();
    expect(hmc.status('web01')).toBe('stopped');
    expect(hmc.wireLog.starts('web01')).toBe(2);
    expect(hmc.wireLog.stops('web01')).toBe(2);
    expect(driver.log.slice(0, 3)).toEqual(['GET query 200', 'POST on 200', 'GET query 200']);
  });

  it('powers a machine that is registered', async () => {
    const driver = maasOf('machines/rack1-outlet7');
    expect(await driver.query()).toBe('off');
    await driver.on();
    expect(await driver.query()).toBe('on');
    await driver.cycle();
    await driver.off();
    expect(await driver.query()).toBe('off');
    expect(driver.log.filter((line) => !/^(GET query|POST (on|off)) 200$/.test(line))).toEqual([]);
    const listed = ['machine', 'list', '--json', '--group', run];
    const { stdout } = await cli(listed, { environment: { ZENOVA_AMQP_URL: broker.url } });
    expect(JSON.parse(stdout)).toMatchObject({ machines: [{ name: 'rack1-outlet7', state: 'off' }] });
    await expect(maasOf('machines/rack1-outlet8').on()).rejects.toThrow('never transitioned to on');
  });

  it('powers it with user and password', async () => {
    await maas('web01', { power_user: 'maas', power_pass: TOKEN }).on();
    expect(hmc.status('web01')).toBe('active');
  });

  it('starts it once, however many of its commands come meanwhile', async () => {
    await Promise.all([maas('web01').on(), maas('web01').on(), maas('web01').on()]);
    expect(hmc.wireLog.starts('web01')).toBe(1);
  });

  it('is told of a failure, and does not take it for a success', async () => {
    hmc.fault({ kind: 'error', path: '*/operations/start', status: 409, reason: 6, times: 'always' });
    const driver = maas('web01');
    try {
      await expect(driver.on()).rejects.toThrow('"outcome"');
    } finally {
      hmc.faults.clear();
    }
    expect(driver.log).not.toContain('POST on 200');
    expect(hmc.status('web01')).toBe('stopped');
  });

  it('gets no further with a machine that is not there, without a token, or with what it may not touch', async () => {
    await expect(maas('nobody').on()).rejects.toThrow('never transitioned to on');
    await expect(maas('web01', {}).on()).rejects.toThrow('send a token');
    await expect(maas('db-prod').off()).rejects.toThrow('not_managed');
    expect(hmc.status('db-prod')).toBe('active');
    expect(hmc.wireLog.stops('db-prod')).toBe(0);
  });

  it('finds its token in no line of the log', () => {
    expect(service.log).toContain('http:maas');
    expect(service.log).not.toContain(TOKEN);
    expect(service.log).not.toContain(Buffer.from(`maas:${TOKEN}`).toString('base64'));
  });
});

describe('docs/maas.md', () => {
  const examples = DOCUMENT.split('\n').filter((line) => line.startsWith('curl '));
  const addresses = [...new Set([...DOCUMENT.matchAll(/http:\/\/zenova\.example:8780[^\s`"]+/g)].map(([url]) => url))];

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(3);
    expect(addresses.length).toBeGreaterThan(5);
  });

  it.each(examples)('%s', async (line) => {
    const { method, url, headers } = parseCurl(line, TOKEN);
    const answer = await fetch(url.replace(DOCUMENTED, service.httpUrl), { method, headers });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: expect.stringMatching(/^(running|stopped)$/) });
  });

  it.each(addresses)('%s is one', async (url) => {
    const method = url.endsWith('/status') ? 'GET' : 'POST';
    const answer = await fetch(url.replace(DOCUMENTED, service.httpUrl), {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status: 200 });
  });
});
