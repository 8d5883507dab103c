import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { Operator } from '../support/amqp-clients.js';
import { startBroker, type Broker } from '../support/broker.js';
import { Canary, leaks } from '../support/canaries.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase } from '../support/postgres.js';
import { commandLinesOf } from '../support/processes.js';
import { Estate, HMC_PASSWORD } from './estate.js';

const ENTRY = resolve(import.meta.dirname, '../../dist/main.js');

/** Secrets, each in one input. Whatever leaks is told by its name. */
const secret = {
  broker: Canary.plain('the password in the address of the broker'),
  hmc: Canary.plain('the password of the HMC', HMC_PASSWORD),
  misnamed: Canary.of('a password under a wrong name'),
  misplaced: Canary.of('a password in a wrong place'),
  malformed: Canary.of('a password in half a message'),
  foreign: Canary.plain('a password in place of a method'),
  token: Canary.of('_context_auth_token'),
  serviceToken: Canary.of('_context_service_token'),
  catalogue: Canary.plain('a password in _context_service_catalog'),
  contextPassword: Canary.of('_context_password'),
  credentials: Canary.of('a secret in _context_credentials'),
  header: Canary.of('a token in a header'),
  argument: Canary.plain('a secret that somebody wrote on the command line'),
} as const;

/** What the middlewares of OpenStack put into a context, and more. */
const CONTEXT = {
  _context_auth_token: secret.token.text,
  _context_service_token: secret.serviceToken.text,
  _context_service_catalog: [
    { type: 'volumev3', endpoints: [{ adminURL: `https://u:${secret.catalogue.text}@vol/` }] },
  ],
  _context_password: secret.contextPassword.text,
  _context_credentials: { access: 'a', secret: secret.credentials.text },
  _context_user_id: 'u1',
  _context_project_id: 'p1',
  _context_is_admin: true,
};

/** No secret: where it is found, a secret would have been found too. */
const MARKER = `m4rk3r${randomBytes(6).toString('hex')}`;
const MACHINE = 'lpar1';
const replyQueue = `reply_${MARKER}`;

let broker: Broker;
let database: FreshDatabase;
let estate: Estate;
let operator: Operator;
let environment: Record<string, string>;
let machine: Record<string, unknown>;

/** What came out, by where it went. */
const outputs = new Map<string, Buffer>();
const add = (name: string, output: string | Buffer): void => {
  outputs.set(name, Buffer.concat([outputs.get(name) ?? Buffer.alloc(0), Buffer.from(output)]));
};

beforeAll(async () => {
  [broker, database] = await Promise.all([startBroker(), freshDatabase()]);
  await broker.ctl('add_user', 'zenova', secret.broker.text);
  await broker.ctl('set_permissions', 'zenova', '.*', '.*', '.*');
  const url = new URL(broker.url);
  [url.username, url.password] = ['zenova', secret.broker.text];
  environment = {
    HMC_PASSWORD,
    ZENOVA_AMQP_URL: url.href,
    DATABASE_URL: database.url,
    KEY: randomBytes(32).toString('base64'),
  };
  estate = await Estate.open(broker.url, {
    environment,
    amqp: { url: { env: 'ZENOVA_AMQP_URL' } },
    journal: { url: { env: 'DATABASE_URL' } },
    secrets: { key: { env: 'KEY' } },
    audit: { file: 'audit.log' },
    oslo: { enabled: true, control_exchange: MARKER, topic: MARKER },
  });
  const { simulator } = estate;
  machine = {
    power_type: 'hmcz',
    power_parameters: {
      power_address: simulator.url,
      power_user: 'zenova',
      power_pass: HMC_PASSWORD,
      power_partition_name: MACHINE,
      power_verify_ssl: 'n',
    },
  };
  await estate.start();
  operator = await Operator.connect(broker.url);
  await operator.channel.assertQueue(replyQueue);
});
afterAll(async () => {
  await operator.close();
  await estate.close();
  await Promise.all([database.drop(), broker.stop()]);
});

const envelope = (message: unknown): string =>
  JSON.stringify({
    'oslo.version': '2.0',
    'oslo.message': typeof message === 'string' ? message : JSON.stringify(message),
  });

function publish(body: string): void {
  const headers = { authorization: `Bearer ${secret.header.text}` };
  operator.channel.publish(MARKER, MARKER, Buffer.from(body), { headers, contentType: 'application/json' });
}

let calls = 0;

/** A call with all that a context may hold, and the last of its replies; each of them is one of the outputs. */
async function call(method: string, args: unknown, more: object = {}): Promise<Record<string, unknown>> {
  const [namespace, name] = method.split('.');
  const id = `${MARKER}-${++calls}`;
  const request = { namespace, method: name, version: '1.0', args, ...CONTEXT, _context_request_id: MARKER };
  publish(envelope({ ...request, _msg_id: id, _unique_id: id, _reply_q: replyQueue, _timeout: 2, ...more }));
  for (;;) {
    const { body, text: content, message } = await operator.take(replyQueue);
    add('replies', content + JSON.stringify(message.properties));
    const reply = JSON.parse(String(body['oslo.message'])) as Record<string, unknown>;
    expect(reply['_msg_id']).toBe(id);
    if (reply['ending'] === true) return reply;
  }
}

async function failureOf(answer: Promise<Record<string, unknown>>): Promise<unknown> {
  const { failure } = await answer;
  return typeof failure === 'string' ? (JSON.parse(failure) as { class: string }).class : failure;
}

/** Runs the built command line in a process of its own; what it says and what others see of it are outputs. */
async function zenova(
  argv: readonly string[],
  more: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [ENTRY, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: estate.service.directory, ...environment, ...more },
  });
  const gone = once(child, 'exit');
  const [seen, ...said] = await Promise.all([commandLinesOf(child), text(child.stdout), text(child.stderr), gone]);
  const words = `${said[0]}${said[1]}`;
  add('the command line', words);
  add('the process list', seen);
  return { code: child.exitCode, said: words };
}

const configured = (): string[] => ['--config', join(estate.service.directory, 'zenova.yaml')];

describe('secrets of OpenStack callers', () => {
  it('that are right do their work', async () => {
    const on = await call('power.on', { ...machine, idempotency_key: MARKER });
    expect(on).toMatchObject({ failure: null, result: { outcome: 'done' } });
    publish(
      envelope({ namespace: 'compute', method: 'power_on', args: { host: 'cpc1', instance: 'lpar3' }, ...CONTEXT }),
    );
    await eventually(() => estate.simulator.status('lpar3') === 'active', 'the cast to be carried out');
    expect(await call('operation.get', { idempotency_key: MARKER })).toMatchObject({ result: { state: 'done' } });
    expect(await call('operation.list', { limit: 100 })).toMatchObject({ failure: null });
  });

  it.each<[string, string, unknown, object, string]>([
    ['under a wrong name', 'power.on', { powerpass: secret.misnamed.text }, {}, 'ValueError'],
    ['in a wrong place', 'host.get_info', { host: 'cpc1', password: secret.misplaced.text }, {}, 'ValueError'],
    ['as all arguments', 'power.on', [secret.misplaced.text], {}, 'ValueError'],
    ['as a version', 'power.on', {}, { version: secret.misplaced.text }, 'ValueError'],
    ['as a namespace', 'power.on', {}, { namespace: secret.misplaced.text }, 'UnsupportedVersion'],
    [
      'for a method that is not there',
      'power.onn',
      { host: MARKER, power_pass: secret.misplaced.text },
      {},
      'NoSuchMethod',
    ],
    ['as a user that is none', 'host.list', {}, { _context_user_id: { token: secret.token.text } }, ''],
  ])('%s', async (_, method, args, more, failure) => {
    expect((await failureOf(call(method, args, more))) ?? '').toBe(failure);
  });

  it('as a method', async () => {
    // The caller alone is told its own words, as oslo.messaging does.
    const method = secret.foreign.text;
    publish(envelope({ namespace: 'power', method, args: {}, ...CONTEXT, _context_request_id: MARKER }));
    publish(envelope({ method, args: {}, ...CONTEXT, version: '9.9' }));
  });

  it('in what cannot be read', () => {
    publish(envelope(`{"method":"on","args":{"power_pass":"${secret.malformed.text}"`));
    publish(`{"oslo.version":"2.0","oslo.message":"${secret.malformed.text}`);
    publish(
      JSON.stringify({
        'oslo.version': '3.0',
        'oslo.message': JSON.stringify(CONTEXT),
        password: secret.malformed.text,
      }),
    );
    publish(JSON.stringify({ 'oslo.message': { ...CONTEXT } }));
    publish(JSON.stringify(CONTEXT));
  });
});

describe('secrets on the command line', () => {
  it('in files and variables, which others do not see', async () => {
    const file = join(estate.service.directory, 'hmc-password.txt');
    writeFileSync(file, HMC_PASSWORD, { mode: 0o600 });
    const { power_address: address = '' } = machine['power_parameters'] as Record<string, string>;
    const plain = {
      power_address: address,
      power_user: 'zenova',
      power_partition_name: MACHINE,
      power_verify_ssl: 'n',
    };
    const params = Object.entries(plain).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
    const query = ['power', 'query', '--type', 'hmcz', '--group', estate.names.group, ...params];
    for (const given of [
      ['--param-file', `power_pass=${file}`],
      ['--param-env', 'power_pass=HMC_PASSWORD'],
    ]) {
      expect(await zenova([...query, ...given])).toMatchObject({ code: 0 });
    }
  });

  it('that stand there all the same are refused and not repeated', async () => {
    const query = ['power', 'query', '--type', 'hmcz', '--param', `power_pass=${secret.argument.text}`];
    const child = promisify(execFile)(process.execPath, [ENTRY, ...query]);
    const { code, stdout, stderr } = await child.then(
      () => ({ code: 0, stdout: '', stderr: '' }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    expect(code).toBe(2);
    add('the command line', stdout + stderr);
  });

  it('in a backup and in dead letters as they are shown', async () => {
    const file = join(estate.service.directory, 'journal.backup');
    expect(await zenova(['db', 'backup', '--output', file, ...configured()])).toMatchObject({ code: 0 });
    const { stdout } = await promisify(execFile)('pg_restore', ['--file=-', file], { maxBuffer: 64_000_000 });
    add('a backup', stdout);
    expect(await zenova(['config', 'show', ...configured()])).toMatchObject({ code: 0 });

    await eventually(async () => (await operator.count(estate.names.deadQueue)).ready === 11, 'the letters');
    const dead = (...argv: string[]) => zenova(['dead', ...argv, '--queue', estate.names.deadQueue]);
    const { said } = await dead('list', '--json');
    const { dead_letters: letters } = JSON.parse(said) as { dead_letters: { id: string }[] };
    expect(letters).toHaveLength(11);
    for (const { id } of letters) add('dead letters as they are shown', (await dead('show', id)).said);
  });
});

describe('what came out', () => {
  beforeAll(async () => {
    expect(await estate.service.end('SIGTERM')).toBe(0);
    add('the log', estate.service.log);
    const files = estate.service.files();
    files.delete('hmc-password.txt');
    for (const content of files.values()) add('files', content);
    add('the audit', files.get('audit.log') ?? '');
    add('the tables', await tablesOf(database.url));
    for (;;) {
      const letter = await operator.channel.get(estate.names.deadQueue, { noAck: true });
      if (letter === false) break;
      add('dead letters', Buffer.concat([letter.content, Buffer.from(JSON.stringify(letter.properties))]));
    }
  });

  it('was looked at: what is no secret is found everywhere', () => {
    const places = new Map([...outputs].map(([name, output]) => [name, output.includes(MARKER)]));
    // A process list has the names of instances and of files, and no more.
    expect(outputs.get('the process list')?.includes(MACHINE)).toBe(true);
    expect(outputs.get('the process list')?.includes('pg_dump')).toBe(true);
    places.delete('the process list');
    expect(Object.fromEntries(places)).toEqual({
      replies: true,
      'the command line': true,
      'a backup': true,
      'dead letters as they are shown': true,
      'the log': true,
      files: true,
      'the audit': true,
      'the tables': true,
      'dead letters': true,
    });
  });

  it('holds no secret in any form', () => {
    const key = Canary.key('the key', environment['KEY'] ?? '');
    const { password } = new URL(database.url);
    // A server of somebody else's may want none.
    const ofDatabase = password === '' ? [] : [Canary.plain('the password of the database', password)];
    expect(leaks([...Object.values(secret), key, ...ofDatabase], outputs)).toEqual([]);
  });
});

/** Every row of every table as text. */
async function tablesOf(url: string): Promise<string> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    expect(tables.length).toBeGreaterThan(4);
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT ${name}::text AS row FROM ${name}`);
      texts.push(name, ...rows.map(({ row }) => row));
    }
    return texts.join('\n');
  } finally {
    await client.end();
  }
}
