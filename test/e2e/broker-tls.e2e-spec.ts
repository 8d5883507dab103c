import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newAuthority, type Authority, type Identity } from '../support/authority.js';
import { startBroker, type Broker } from '../support/broker.js';
import { cli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { freePort } from '../../scripts/server/free-port.mjs';

/** RabbitMQ's own TLS listener and certificate logon, which no other server can stand in for. */
let broker: Broker;
let second: Broker;
let authority: Authority;
let directory: string;
const ports = new Map<Broker, number>();
const names = { group: 'tls', server: 'tls-1', deadQueue: 'zenova.rpc.dead', eventsExchange: 'zenova.events' };
const lab = { driver: 'fake', settings: { names: ['web01'], change_delay_ms: 1_000 } };
const running: ServiceProcess[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-tls-'));
  authority = await newAuthority('our authority');
  write('ca.pem', authority.cert);
  writeIdentity('broker', await authority.server('broker'));
  writeIdentity('zenova', await authority.user('zenova'));
  writeIdentity('ann', await authority.user('ann'));
  writeIdentity('stranger', await (await newAuthority('another authority')).user('zenova'));
  [broker, second] = await Promise.all([tlsBroker(), tlsBroker()]);
});

afterAll(async () => {
  await Promise.all(running.map((service) => service.discard()));
  await Promise.all([broker.stop(), second.stop()]);
  rmSync(directory, { recursive: true });
});

async function tlsBroker(): Promise<Broker> {
  const port = await freePort();
  const started = await startBroker({
    plugins: ['rabbitmq_auth_mechanism_ssl'],
    settings: {
      'listeners.ssl.1': `127.0.0.1:${port}`,
      'ssl_options.cacertfile': path('ca.pem'),
      'ssl_options.certfile': path('broker.pem'),
      'ssl_options.keyfile': path('broker.key'),
      'ssl_options.verify': 'verify_peer',
      'ssl_options.fail_if_no_peer_cert': 'true',
      ssl_cert_login_from: 'common_name',
      'auth_mechanisms.1': 'EXTERNAL',
      'auth_mechanisms.2': 'PLAIN',
    },
  });
  ports.set(started, port);
  for (const user of ['zenova', 'ann']) {
    await started.ctl('add_user', user, `password of ${user}`);
    await started.ctl('clear_password', user);
    await started.ctl('set_permissions', user, '.*', '.*', '.*');
  }
  return started;
}

const path = (name: string): string => join(directory, name);
function write(name: string, text: string): void {
  writeFileSync(path(name), text, { mode: 0o600 });
}
function writeIdentity(name: string, { cert, key }: Identity): void {
  write(`${name}.pem`, cert);
  write(`${name}.key`, key);
}
const tlsAs = (name: string) => ({
  ca_file: path('ca.pem'),
  cert_file: path(`${name}.pem`),
  key_file: path(`${name}.key`),
});
const byCertificate = (of: Broker, user = ''): string =>
  `amqps://${user === '' ? '' : `${user}@`}127.0.0.1:${ports.get(of)}?auth_mechanism=external`;
/** The environment of somebody at the command line. */
const asUser = (of: Broker, user: string) => ({
  ZENOVA_AMQP_URL: byCertificate(of, user),
  ZENOVA__AMQP__TLS__CA_FILE: path('ca.pem'),
  ZENOVA__AMQP__TLS__CERT_FILE: path(`${user}.pem`),
  ZENOVA__AMQP__TLS__KEY_FILE: path(`${user}.key`),
});

async function serving(amqp: Record<string, unknown>): Promise<ServiceProcess> {
  const service = new ServiceProcess({ ...names, url: '', amqp, hosts: { lab } });
  running.push(service);
  await service.start();
  return service;
}

/** Runs a command line that must succeed, and reads its answer. */
async function ask(line: string, environment: Record<string, string>): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await cli([...line.split(' '), '--group', names.group, '--json'], { environment });
  expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Waits for a line of a service's log. */
const said = (service: ServiceProcess, what: RegExp): Promise<unknown> =>
  eventually(
    () => what.test(service.log),
    () => `${String(what)} in the log:\n${service.log}`,
  );

describe('a broker that wants certificates', () => {
  it('knows the service and its callers by theirs, with no password anywhere', async () => {
    const service = await serving({ url: byCertificate(broker), tls: tlsAs('zenova') });
    await service.ready();
    expect(await broker.ctl('list_connections', 'user', 'auth_mechanism', 'ssl')).toMatch(/^zenova\tEXTERNAL\ttrue$/m);
    const changed = await ask('instance power-on lab web01', asUser(broker, 'ann'));
    expect(changed).toMatchObject({ outcome: 'done' });
    const { operations } = await ask('operation list', asUser(broker, 'ann'));
    expect(operations).toMatchObject([{ method: 'compute.power_on', requested_by: 'ann' }]);
    const dead = await cli(['dead', 'list', '--json'], { environment: asUser(broker, 'ann') });
    expect(dead).toMatchObject({ code: 0, stdout: expect.stringContaining('"total": 0') });
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('takes a password beside the certificate where the address has one', async () => {
    const url = `amqps://guest:guest@127.0.0.1:${ports.get(broker)}`;
    const service = await serving({ url, tls: tlsAs('zenova') });
    await service.ready();
    expect(await broker.ctl('list_connections', 'user', 'auth_mechanism', 'ssl')).toMatch(/^guest\tPLAIN\ttrue$/m);
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it.each([
    ['one of another authority', 'stranger', /alert unknown ca.*cannot connect to the broker/],
    ['none', null, /alert certificate required.*cannot connect to the broker/],
  ])('refuses %s, and the service says so and is not ready', async (_, who, why) => {
    const tls = who === null ? { ca_file: path('ca.pem') } : tlsAs(who);
    const service = await serving({ url: byCertificate(broker), tls });
    await said(service, why);
    expect((await service.http('/readyz'))?.status).toBe(503);
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('is not talked to by the command line without the authority', async () => {
    const { code, stderr } = await cli(['host', 'list', '--group', names.group], {
      environment: { ZENOVA_AMQP_URL: byCertificate(broker, 'ann') },
    });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/cannot reach the broker.*certificate/);
  });
});

describe('two brokers', () => {
  it('stand in for each other: at the start, and when one dies in the middle of an operation', async () => {
    const tls = tlsAs('zenova');
    const service = await serving({ url: [byCertificate(broker), byCertificate(second)], tls });
    await service.ready();
    const accepted = await ask('instance power-on lab web01 --wait accepted', asUser(broker, 'ann'));
    await broker.kill();
    await eventually(
      async () => /^zenova$/m.test(await second.ctl('list_connections', 'user')),
      () => `the second broker to be used:\n${service.log}`,
    );
    await service.ready();
    const id = String(accepted['operation_id']);
    expect(await ask(`operation watch ${id}`, asUser(second, 'ann'))).toMatchObject({ state: 'done' });
    expect(await ask('instance power-off lab web01', asUser(second, 'ann'))).toMatchObject({ outcome: 'done' });
    expect(await service.end('SIGTERM')).toBe(0);

    await service.start(); // the first broker of the list is away
    await service.ready();
    await broker.restart();
    await second.kill();
    await eventually(
      async () => /^zenova$/m.test(await broker.ctl('list_connections', 'user')),
      () => `the first broker to be used again:\n${service.log}`,
    );
    await service.ready();
    expect(await ask(`operation get ${id}`, asUser(broker, 'ann'))).toMatchObject({ state: 'done' });
    expect(await service.end('SIGTERM')).toBe(0);
  });
});
