import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openJournalUpkeep } from '../../src/journal-upkeep.js';
import { HmcSimulator } from '../../src/simulators/hmc/index.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { startBroker, type Broker } from '../support/broker.js';
import { Canary, leaks } from '../support/canaries.js';
import { cli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { hmcHost } from '../support/hmc-host.js';
import { ServiceProcess } from '../support/service-process.js';

/** Secrets, each in one input. Whatever leaks is told by its name. */
const secret = {
  broker: Canary.plain('the password in the address of the broker'),
  http: Canary.plain('the token of the HTTP server'),
  host: Canary.of('the password in the settings of a host'),
  request: Canary.of('power_pass of a request that is carried out'),
  refused: Canary.of('power_pass of a request that the HMC refuses'),
  registered: Canary.of('power_pass of a registered machine'),
  unverified: Canary.of('power_pass of a registered machine that the HMC refuses'),
  imported: Canary.of('power_pass of an imported machine'),
  hookLogin: Canary.plain('a password in the address of a registered webhook'),
  hookQuery: Canary.plain('a token in the query of the address of a registered webhook'),
  hookToken: Canary.plain('power_token of a registered webhook'),
  misnamed: Canary.of('a password under a wrong name'),
  misplaced: Canary.of('a password in a wrong place'),
  nameless: Canary.plain('a password in place of a name'),
  malformed: Canary.of('a password in half a request'),
  oversize: Canary.plain('a password in a request that is too large'),
  header: Canary.of('a token in a header'),
  context: Canary.of('_context_auth_token'),
  userinfo: Canary.plain('a password in the address of an HMC'),
  elsewhere: Canary.plain('a password in an address where none belongs'),
  foreignToken: Canary.plain('a token that is not ours'),
  query: Canary.plain('a token in the address of a web request'),
  defectAddress: Canary.plain('a password in the message of an error that nobody caught'),
  defect: Canary.of('what an error that nobody caught carries with it'),
} as const;

/** No secret: where it is found, a secret would have been found too. */
const MARKER = `m4rk3r${randomBytes(6).toString('hex')}`;

/** Throws, out of nowhere, an error as HTTP libraries make them: with the request on it. */
const DEFECT = `
process.on('SIGUSR2', () => {
  const secret = process.env.DEFECT_SECRET;
  const cause = Object.assign(new Error('inner'), { request: { password: secret } });
  const error = new Error('${MARKER} at https://user:' + process.env.DEFECT_PASSWORD + '@127.0.0.1/', { cause });
  throw Object.assign(error, { config: { headers: { authorization: secret } }, body: Buffer.from(secret) });
});`;

const names = {
  group: MARKER,
  server: MARKER,
  deadQueue: `zenova.rpc.dead.${MARKER}`,
  eventsExchange: `zenova.events.${MARKER}`,
};
const queue = `zenova.rpc.${names.group}`;

let broker: Broker;
let hmc: HmcSimulator;
let service: ServiceProcess;
let client: PlainClient;
let operator: Operator;
let environment: Record<string, string>;

/** What left the service, by where it went. */
const outputs = new Map<string, Buffer>();
const sessions = new Set<string>();
const add = (name: string, text: string | Buffer): void => {
  outputs.set(name, Buffer.concat([outputs.get(name) ?? Buffer.alloc(0), Buffer.from(text)]));
};

beforeAll(async () => {
  broker = await startBroker();
  await broker.ctl('add_user', 'zenova', secret.broker.text);
  await broker.ctl('set_permissions', 'zenova', '.*', '.*', '.*');
  hmc = await HmcSimulator.start({
    port: 0,
    inventory: {
      timing: { start_ms: 600, paused_ms: 50, stop_ms: 100 },
      users: [
        { name: 'zenova', password: secret.host.text },
        { name: 'caller', password: secret.request.text },
        { name: 'registrar', password: secret.registered.text },
      ],
      cpcs: [
        {
          name: 'CPC1',
          mode: 'dpm',
          partitions: [MARKER, 'other'].map((name) => ({
            name,
            status: 'stopped' as const,
            properties: { 'boot-device': 'storage-volume' },
          })),
        },
      ],
    },
  });
  const url = new URL(broker.url);
  url.username = 'zenova';
  url.password = secret.broker.text;
  environment = {
    BROKER_URL: url.href,
    HTTP_TOKEN: secret.http.text,
    HMC_PASSWORD: secret.host.text,
    DEFECT_SECRET: secret.defect.text,
    DEFECT_PASSWORD: secret.defectAddress.text,
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(DEFECT)}`,
  };
  service = new ServiceProcess({
    url: '',
    ...names,
    environment,
    amqp: { url: { env: 'BROKER_URL' } },
    http: { token: { env: 'HTTP_TOKEN' } },
    audit: { file: 'audit.log' },
    hosts: {
      cpc1: hmcHost(hmc),
      fake: { driver: 'fake' },
    },
  });
  await service.start();
  await service.ready();
  client = await PlainClient.connect(broker.url);
  operator = await Operator.connect(broker.url);
  const { queue: events } = await client.channel.assertQueue('', { exclusive: true });
  await client.channel.bindQueue(events, names.eventsExchange, '#');
  await client.channel.consume(
    events,
    (event) => {
      if (event !== null) add('events', Buffer.concat([event.content, Buffer.from(JSON.stringify(event.properties))]));
    },
    { noAck: true },
  );
});
afterAll(async () => {
  await Promise.all([client.close(), operator.close()]);
  await service.discard();
  await hmc.stop();
  await broker.stop();
});

/** Sends a body as it is; its reply is one of the outputs. */
async function sendRaw(body: string | Buffer, headers: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const { content, properties } = await client.sendRaw(queue, Buffer.from(body), { headers });
  add('replies', Buffer.concat([content, Buffer.from(JSON.stringify(properties))]));
  for (const id of hmc.sessionIds()) sessions.add(id);
  return JSON.parse(content.toString()) as Record<string, unknown>;
}

let count = 0;
const send = (pattern: string, data: unknown, headers = {}) =>
  sendRaw(JSON.stringify({ pattern, data, id: `${MARKER}-${++count}` }), headers);

const machine = (overrides: Record<string, unknown> = {}) => ({
  power_type: 'hmcz',
  power_parameters: {
    power_address: hmc.url,
    power_user: 'caller',
    power_pass: secret.request.text,
    power_partition_name: MARKER,
    power_verify_ssl: 'n',
    ...overrides,
  },
});
const misplaced = secret.misplaced.text;

describe('secrets in every input', () => {
  it('that are right do their work', async () => {
    expect(await send('power.on', { ...machine(), idempotency_key: MARKER })).toMatchObject({
      response: { outcome: 'done' },
    });
    expect(await send('compute.power_on', { host: 'cpc1', instance: 'other' })).toMatchObject({
      response: { outcome: 'done' },
    });
    expect(sessions.size).toBe(2);
  });

  it('come back in the errors of the HMC', async () => {
    const [ofCaller = '', ofHost = ''] = sessions;
    const echo = (...what: string[]) => `${MARKER}: ${what.join(' ')} is no good`;
    const stop = { kind: 'error', path: '*/operations/stop', status: 400, reason: 8, times: 1 } as const;
    const page = { kind: 'html-error', path: '/api/*', times: 1 } as const;

    hmc.fault({ ...stop, message: echo(secret.request.text, ofCaller) });
    expect(await send('power.off', machine())).toMatchObject({ err: { message: expect.stringContaining(MARKER) } });
    hmc.fault({ ...page, text: echo(secret.request.text, ofCaller) });
    expect(await send('power.query', machine())).toMatchObject({ err: { code: 'BACKEND_PROTOCOL' } });

    hmc.fault({ ...stop, message: echo(secret.host.text, ofHost) });
    const other = { host: 'cpc1', instance: 'other' };
    expect(await send('compute.power_off', other)).toMatchObject({ err: { code: 'BACKEND_REJECTED' } });
    hmc.fault({ ...page, text: echo(secret.host.text, ofHost) });
    expect(await send('compute.get_info', other)).toMatchObject({ err: { code: 'BACKEND_PROTOCOL' } });

    const refusal = { kind: 'error', path: '/api/sessions', status: 403, reason: 0, times: 1 } as const;
    hmc.fault({ ...refusal, message: echo(secret.refused.text) });
    const refused = machine({ power_user: 'intruder', power_pass: secret.refused.text });
    for (let times = 0; times < 2; times++) {
      expect(await send('power.on', refused)).toMatchObject({ err: { code: 'BACKEND_AUTH_FAILED' } });
    }
  });

  it('that are registered with machines', async () => {
    const register = (name: string, definition: object) =>
      send('machine.register', { machine: `${MARKER}-${name}`, ...definition });
    const right = machine({ power_user: 'registrar', power_pass: secret.registered.text });
    expect(await register('lpar', right)).toMatchObject({ response: { machine: { status: 'verified', state: 'on' } } });
    expect(await register('lpar', right)).toMatchObject({ response: { outcome: 'already' } });
    expect(await register('lpar', machine())).toMatchObject({ err: { code: 'ALREADY_EXISTS' } });

    const wrong = machine({ power_user: 'stranger', power_pass: secret.unverified.text });
    const refusal = { kind: 'error', path: '/api/sessions', status: 403, reason: 0, times: 1 } as const;
    hmc.fault({ ...refusal, message: `${MARKER}: ${secret.unverified.text} is no good` });
    expect(await register('refused', wrong)).toMatchObject({
      response: { machine: { status: 'unverified', error: { code: 'BACKEND_AUTH_FAILED' } } },
    });
    // Nobody listens on the discard port, which every error about it names.
    const address = (what: string): string =>
      `http://u:${secret.hookLogin.text}@127.0.0.1:9/${MARKER}/${what}?key=${secret.hookQuery.text}`;
    const uris = { power_on_uri: address('on'), power_off_uri: address('off'), power_query_uri: address('query') };
    const hook = {
      power_type: 'webhook',
      power_parameters: { ...uris, power_token: secret.hookToken.text, power_on_regex: MARKER },
    };
    expect(await register('hook', hook)).toMatchObject({
      response: { machine: { status: 'unverified', error: { message: expect.stringContaining(MARKER) } } },
    });
    const named = { machine: `${MARKER}-hook` };
    const updated = { ...named, power_parameters: { power_token: `${secret.hookToken.text}2` } };
    expect(await send('machine.update', updated)).toMatchObject({ response: { outcome: 'done' } });
    expect(await send('power.query', named)).toMatchObject({ err: { code: 'BACKEND_UNREACHABLE' } });
    expect(await send('power.on', named)).toMatchObject({ err: { driver: 'webhook' } });
    expect(await send('power.query', { machine: `${MARKER}-lpar` })).toMatchObject({ response: { state: 'on' } });
    expect(await send('machine.get', named)).toMatchObject({ response: { secret_parameters: ['power_token'] } });
    expect(await send('machine.list', {})).toMatchObject({ response: { machines: { length: 3 } } });
  });

  it('that are imported with machines', async () => {
    const { power_type, power_parameters } = machine({ power_user: 'importer', power_pass: { env: 'IMPORTED' } });
    const file = join(service.directory, 'machines.json');
    writeFileSync(file, JSON.stringify({ machines: { [`${MARKER}-imported`]: { power_type, power_parameters } } }));
    const variables = { ZENOVA_AMQP_URL: environment['BROKER_URL'] ?? '', IMPORTED: secret.imported.text };
    // The HMC does not know this user.
    expect(await run(['machine', 'import', file, '--group', names.group], variables)).toContain('1 unverified');
    for (const more of [[], ['--json']]) await run(['machine', 'list', '--group', names.group, ...more], variables);
    rmSync(file);
  });

  it.each<[string, string, unknown]>([
    ['under a wrong name', 'power.on', () => machine({ powerpass: secret.misnamed.text })],
    ['under a wrong name of a read', 'power.query', () => machine({ power_passw: secret.misnamed.text })],
    ['beside the parameters', 'power.on', () => ({ ...machine(), power_pass: misplaced })],
    ['beside the host', 'host.get_info', { host: 'cpc1', password: misplaced }],
    ['beside the data of a change', 'compute.power_on', { host: 'fake', instance: 'instance-0001', token: misplaced }],
    ['in place of the parameters', 'power.on', { power_type: 'hmcz', power_parameters: misplaced }],
    ['as a list', 'power.on', () => machine({ power_pass: [misplaced] })],
    ['in place of a number', 'operation.list', { limit: misplaced }],
    ['in place of a moment', 'power.on', () => ({ ...machine(), not_after: misplaced })],
    ['in place of a choice', 'power.on', () => machine({ power_verify_ssl: misplaced })],
    ['in place of an operation', 'operation.get', { operation_id: misplaced }],
    ['in place of all data', 'power.on', misplaced],
    ['as the name of a field', 'power.on', { [secret.nameless.text]: 1 }],
    ['as the name of a parameter', 'power.on', () => machine({ [secret.nameless.text]: 'x' })],
    ['as a method', secret.nameless.text, {}],
    ['for a method that is not there', 'power.onn', () => ({ host: MARKER, ...machine({ power_pass: misplaced }) })],
    [
      'in the address of the HMC',
      'power.on',
      () => machine({ power_address: hmc.url.replace('://', `://caller:${secret.userinfo.text}@`) }),
    ],
    [
      'in the name of an instance',
      'compute.get_info',
      {
        host: 'cpc1',
        instance: `https://caller:${secret.elsewhere.text}@hmc.example/`,
      },
    ],
    [
      'in the name of an instance to change',
      'compute.power_on',
      {
        host: 'fake',
        instance: `https://caller:${secret.elsewhere.text}@hmc.example/`,
      },
    ],
    [
      'in the context of an OpenStack caller',
      'power.query',
      {
        host: 'fake',
        instance: 'instance-0001',
        _context_auth_token: secret.context.text,
      },
    ],
  ])('%s are refused', async (_, pattern, data) => {
    const reply = await send(pattern, typeof data === 'function' ? (data as () => unknown)() : data);
    expect(reply).toMatchObject({ err: { code: expect.stringMatching(/^(REQUEST_INVALID|INSTANCE_NOT_FOUND)$/) } });
  });

  it('in headers, of a request that is served and of one that is not', async () => {
    const headers = { authorization: `Bearer ${secret.header.text}`, 'x-auth': { token: [secret.header.text] } };
    await send('power.query', { host: 'fake', instance: 'instance-0001' }, headers);
    await sendRaw('{', headers);
  });

  it('in what cannot be read', async () => {
    await sendRaw(`{"pattern":"power.on","data":{"power_parameters":{"power_pass":"${secret.malformed.text}"`);
    await sendRaw(JSON.stringify([{ power_pass: secret.malformed.text }]));
    await sendRaw(Buffer.alloc(12_000_000, `{"power_pass":"${secret.oversize.text}"}`));
    const openstack = { method: 'power_on', args: {}, _context_auth_token: secret.context.text };
    await sendRaw(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(openstack) }));
    await sendRaw(JSON.stringify(openstack));
  });

  it('in web requests', async () => {
    for (const token of [secret.http.text, secret.foreignToken.text]) {
      for (const path of ['/healthz', '/readyz', `/${secret.query.text}?token=${secret.query.text}`, '/metrics']) {
        const headers = { authorization: `Bearer ${token}`, cookie: `token=${secret.foreignToken.text}` };
        const response = await service.http(path, { headers });
        add('web answers', JSON.stringify([...(response?.headers ?? [])]));
        add('web answers', (await response?.text()) ?? '');
      }
    }
  });

  it('in the configuration, as it is checked and shown', async () => {
    for (const command of ['check', 'show']) {
      const argv = ['config', command, '--config', join(service.directory, 'zenova.yaml')];
      await run(argv, environment);
    }
  });

  it('in a backup', async () => {
    const file = join(service.directory, 'journal.backup');
    const command = ['db', 'backup', '--output', file, '--config', join(service.directory, 'zenova.yaml')];
    await run(command, environment);
    add('a backup', readFileSync(file));
  });

  it('in answers about operations', async () => {
    expect(await send('operation.list', { limit: 100 })).toMatchObject({ response: { operations: expect.any(Array) } });
    expect(await send('operation.get', { idempotency_key: MARKER })).toMatchObject({ response: { state: 'done' } });
  });

  it('in a process that dies of a defect with an operation under way, and in the next one', async () => {
    const { pid } = service;
    if (pid === undefined) throw new Error('it does not run');
    // Other users of the machine can read arguments; the environment, where secrets may stand, only its owner.
    add('the process list', readFileSync(`/proc/${pid}/cmdline`));
    const starts = hmc.wireLog.starts('other');
    hmc.setStatus('other', 'stopped');
    const request = machine({ power_partition_name: 'other' });
    const body = { pattern: 'power.on', data: { ...request, idempotency_key: `${MARKER}-dies` }, id: 'dies' };
    client.channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), { messageId: 'dies' });
    await eventually(() => hmc.wireLog.starts('other') > starts && hmc.jobs().length > 0, 'the start');
    const before = service.log.length;
    process.kill(pid, 'SIGUSR2');
    expect(await service.ended()).toBe(1);
    add('what it says as it dies', service.log.slice(before));
    addFiles('files after its death');
    await service.start();
    await service.ready();
    await eventually(async () => {
      const { response } = await send('operation.get', { idempotency_key: `${MARKER}-dies` });
      return (response as { state: string } | undefined)?.state === 'done';
    }, 'the operation to end');
    expect(await service.end('SIGTERM')).toBe(0);
  });
});

describe('what came out', () => {
  beforeAll(async () => {
    add('the log', service.log);
    addFiles('files');
    await showLetters();
    for (;;) {
      const letter = await operator.channel.get(names.deadQueue, { noAck: true });
      if (letter === false) break;
      add('dead letters', Buffer.concat([letter.content, Buffer.from(JSON.stringify(letter.properties))]));
    }
  });

  it('was looked at: what is no secret is found everywhere', () => {
    const places = new Map([...outputs].map(([name, output]) => [name, output.includes(MARKER)]));
    // Nobody tells the web anything but health, and the name of the configuration is all that the process list has.
    expect(outputs.get('web answers')?.includes('"status":"ready"')).toBe(true);
    expect(outputs.get('the process list')?.includes('zenova.yaml')).toBe(true);
    places.delete('web answers');
    places.delete('the process list');
    expect(Object.fromEntries(places)).toEqual({
      replies: true,
      events: true,
      'the command line': true,
      'what it says as it dies': true,
      'files after its death': true,
      'the log': true,
      files: true,
      'dead letters': true,
      'dead letters as they are shown': true,
      'the audit': true,
      'a backup': true,
    });
    for (const name of ['caller', 'registrar']) {
      const user = Canary.plain('the user in the same parameters', name);
      expect(leaks([user], outputs)).toContainEqual(expect.stringContaining('in files'));
    }
  });

  it('holds no secret in any form', () => {
    const key = Canary.key('the key', readFileSync(join(service.directory, 'secrets.key'), 'utf8').trim());
    const ids = [...sessions].map((id) => Canary.plain('the id of a session', id));
    expect(ids.length).toBeGreaterThan(2);
    expect(leaks([...Object.values(secret), key, ...ids], outputs)).toEqual([]);
  });
});

/** Runs the command line, whose words are one of the outputs. */
async function run(argv: readonly string[], environment: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await cli(argv, {
    environment,
    journalUpkeep: (config) => openJournalUpkeep(config, environment),
  });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  add('the command line', stdout + stderr);
  return stdout;
}

/** Every dead letter as people see it, and as programs do. */
async function showLetters(): Promise<void> {
  const dead = (...argv: string[]): Promise<string> =>
    run(['dead', ...argv, '--queue', names.deadQueue], { ZENOVA_AMQP_URL: environment['BROKER_URL'] ?? '' });
  await dead('list');
  const { dead_letters: letters } = JSON.parse(await dead('list', '--json')) as { dead_letters: { id: string }[] };
  expect(letters.length).toBeGreaterThan(5);
  for (const { id } of letters) {
    add('dead letters as they are shown', await dead('show', id));
    add('dead letters as they are shown', await dead('show', id, '--json'));
  }
}

/** Every file that the service keeps; only the key stands where it must. */
function addFiles(name: string): void {
  const files = service.files();
  expect([...files.keys()]).toEqual(expect.arrayContaining(['journal.db', 'audit.log', 'secrets.key']));
  files.delete('secrets.key');
  for (const content of files.values()) add(name, content);
  add('the audit', files.get('audit.log') ?? '');
}
