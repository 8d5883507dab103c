import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Operator } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { mutate, seeded } from '../support/mutations.js';
import { Estate } from './estate.js';

const TOTAL = 3_000;
const TOPIC = `hostile-${randomBytes(6).toString('hex')}`;
const REPLY_QUEUE = `reply_${TOPIC}`;
const HUGE = 'x'.repeat(900_000);

let broker: Pick<Broker, 'url' | 'stop'>;
let estate: Estate;
let operator: Operator;
let pid: number | undefined;

beforeAll(async () => {
  broker = await sharedBroker();
  estate = await Estate.open(broker.url, { oslo: { enabled: true, control_exchange: TOPIC, topic: TOPIC } });
  await estate.start();
  pid = estate.service.pid;
  operator = await Operator.connect(broker.url);
  await operator.channel.assertQueue(REPLY_QUEUE);
});
/** Whatever came: nothing is left, nobody died, and the next call is served. */
afterEach(async () => {
  publish(message({ method: 'get_info', args: { host: 'fake', instance: 'instance-0001' }, _msg_id: 'after' }));
  expect(await replyTo('after')).toMatchObject({ failure: null, result: { power_state: expect.any(String) } });
  for (const queue of ours()) {
    await operator.counted(queue, { ready: 0, consumers: 1 });
  }
  expect(estate.service.pid).toBe(pid);
  expect((await estate.service.http('/readyz'))?.status).toBe(200);
  expect((await operator.count(estate.names.deadQueue)).ready).toBe(0);
});
afterAll(async () => {
  for (const queue of [REPLY_QUEUE, TOPIC, `${TOPIC}.${estate.names.server}`])
    await operator.channel.deleteQueue(queue);
  await operator.channel.deleteExchange(TOPIC);
  await operator.close();
  await estate.close();
  await broker.stop();
});

const ours = (): string[] => [
  estate.queue,
  `zenova.rpc.server.${estate.names.server}`,
  TOPIC,
  `${TOPIC}.${estate.names.server}`,
];

/** A call of a fake instance as it is on the wire, with some of it changed; undefined takes a part away. */
function message(changes: object): string {
  const call = {
    namespace: 'compute',
    method: 'power_on',
    version: '1.0',
    args: {},
    _msg_id: 'm',
    _reply_q: REPLY_QUEUE,
  };
  return JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify({ ...call, ...changes }) });
}

function publish(body: string): void {
  operator.channel.publish(TOPIC, TOPIC, Buffer.from(body));
}

async function reply(): Promise<Record<string, unknown>> {
  const { body } = await operator.take(REPLY_QUEUE);
  return JSON.parse(String(body['oslo.message'])) as Record<string, unknown>;
}

/** Also when it comes behind those that came late. */
async function replyTo(id: string): Promise<Record<string, unknown>> {
  for (;;) {
    const next = await reply();
    if (next['_msg_id'] === id) return next;
  }
}

interface Letter {
  readonly reason: string;
  readonly routing_key: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

async function letter(): Promise<Letter> {
  const { body, message: raw } = await operator.take(estate.names.deadQueue);
  // A message of a megabyte does not become a letter of one.
  expect(raw.content.length).toBeLessThan(20_000);
  return body['data'] as Letter;
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
/** JSON within JSON, nested without end where the marker stands. */
const deep = (changes: object): string => message(changes).replace(String.raw`\"DEEP\"`, nested(10_000));

describe('a message whose parts are', () => {
  it.each<[string, object | string, string, string | null]>([
    ['a namespace of another type', { namespace: 7 }, 'malformed_envelope', 'ValueError'],
    ['a namespace without end', { namespace: HUGE }, 'malformed_envelope', 'ValueError'],
    ['a namespace of every object', { namespace: '__proto__' }, 'unsupported_version', 'UnsupportedVersion'],
    ['no namespace', { namespace: null }, 'unsupported_version', 'UnsupportedVersion'],
    ['a method of another type', { method: ['power_on'] }, 'malformed_envelope', 'ValueError'],
    ['a method without end', { method: HUGE }, 'malformed_envelope', 'ValueError'],
    ['a method of every object', { method: 'constructor' }, 'unknown_method', 'NoSuchMethod'],
    ['a method with control characters', { method: 'power_on\0\r\n\u001b[2J' }, 'unknown_method', 'NoSuchMethod'],
    ['half a character', { method: '\ud800' }, 'unknown_method', 'NoSuchMethod'],
    ['no method', { method: undefined }, 'malformed_envelope', 'ValueError'],
    ['a version of another type', { version: 1 }, 'malformed_envelope', 'ValueError'],
    ['a version without end', { version: `1.${'9'.repeat(500_000)}` }, 'malformed_envelope', 'ValueError'],
    ['a version that is none', { version: '1.0; x' }, 'malformed_envelope', 'ValueError'],
    ['arguments of another type', { args: 'power' }, 'malformed_envelope', 'ValueError'],
    ['no _msg_id', { _msg_id: undefined, method: 'nosuch' }, 'unknown_method', null],
    ['a _msg_id of another type', { _msg_id: {}, method: 'nosuch' }, 'unknown_method', null],
    ['a _msg_id without end', { _msg_id: HUGE, method: 'nosuch' }, 'unknown_method', null],
    ['no _reply_q', { _reply_q: undefined, method: 'nosuch' }, 'unknown_method', null],
    ['a _reply_q of another type', { _reply_q: [REPLY_QUEUE], method: 'nosuch' }, 'unknown_method', null],
    ['a _reply_q that no queue is named', { _reply_q: 'é'.repeat(200), method: 'nosuch' }, 'unknown_method', null],
    ['too much', { args: { x: HUGE, y: HUGE } }, 'too_large', null],
  ])('%s', async (_, changes, reason, failure) => {
    publish(message(changes as object));
    expect(await letter()).toMatchObject({ reason, routing_key: TOPIC });
    if (failure === null) return;
    expect(JSON.parse(String((await reply())['failure']))).toMatchObject({ class: failure });
  });

  it.each<[string, () => string]>([
    ['an argument', () => deep({ args: { x: 'DEEP' } })],
    ['the namespace', () => deep({ namespace: 'DEEP' })],
    ['the method', () => deep({ method: 'DEEP' })],
    ['the version', () => deep({ version: 'DEEP' })],
    ['the context', () => deep({ _context_roles: 'DEEP' })],
    ['the envelope', () => `{"oslo.version":"2.0","oslo.message":${nested(10_000)}}`],
  ])('nested ten thousand deep: %s', async (_, body) => {
    publish(body());
    expect(await letter()).toMatchObject({ reason: 'too_deep' });
  });

  it.each<[string, object]>([
    ['a context of other types', { _context_request_id: {}, _context_user_id: [], _context_user: 7 }],
    ['a context without end', { _context_request_id: HUGE }],
    ['a name of another type', { _unique_id: { a: 1 } }],
    ['a patience that is none', { _timeout: 'for ever' }],
    ['a patience without end', { _timeout: 1e308 }],
    ['a patience of less than nothing', { _timeout: -1e308 }],
  ])('odd, and helped to do without: %s', async (_, changes) => {
    publish(message({ method: 'get_info', args: { host: 'fake', instance: 'instance-0002' }, ...changes }));
    expect(await reply()).toMatchObject({ _msg_id: 'm', failure: null, ending: true });
  });

  it.each<[string, object]>([
    ['its name', { _unique_id: 'a\0b' }],
    ['its correlation id', { _context_request_id: 'a\0b' }],
    ['an argument', { args: { host: 'fake', instance: 'a\0b' } }],
  ])('what no database keeps: a NUL in %s', async (_, changes) => {
    publish(message({ args: { host: 'fake', instance: 'instance-0003' }, ...changes }));
    expect(JSON.parse(String((await reply())['failure']))).toMatchObject({ module: expect.any(String) });
  });
});

it('a forged direct reply costs its connection once, and nobody else a thing', async () => {
  const isDropped = (): number => estate.service.log.split('dropped a message that the broker chokes on').length - 1;
  const isReady = async (): Promise<boolean> => (await estate.service.http('/readyz'))?.status === 200;
  publish(message({ method: 'nosuch', _reply_q: 'amq.rabbitmq.reply-to.g1h2.x', _timeout: 2 }));
  expect(await letter()).toMatchObject({ reason: 'unknown_method' });
  await eventually(() => isDropped() === 1, 'the reply to be dropped');
  await eventually(isReady, 'the connection to be back');
  // As long as a reply waits for a queue that may come back, several attempts would have been made.
  const until = performance.now() + 3_000;
  await eventually(async () => {
    expect(await isReady()).toBe(true);
    return performance.now() > until;
  }, 'a while');
  expect(isDropped()).toBe(1);
});

describe('a reply that would come to ourselves', () => {
  it.each<[string, () => string]>([
    ['the queue of the group', () => ours()[0] ?? ''],
    ['the queue of the server', () => ours()[1] ?? ''],
    ['the topic', () => ours()[2] ?? ''],
    ['the topic of the server', () => ours()[3] ?? ''],
  ])('is no request, and ends as a dead letter: %s', async (_, queue) => {
    const target = queue();
    publish(message({ method: 'get_info', args: { host: 'fake', instance: 'instance-0001' }, _reply_q: target }));
    expect(await letter()).toMatchObject({ reason: 'malformed_envelope', routing_key: target });
    publish(message({ method: 'nosuch', _reply_q: target }));
    const both = [await letter(), await letter()].map(({ reason, routing_key: key }) => `${reason} ${key}`);
    expect(both.toSorted()).toEqual([`malformed_envelope ${target}`, `unknown_method ${TOPIC}`]);
  });

  it('likewise each sign of life on its way to it', async () => {
    const args = { host: 'fake', instance: 'instance-0002', idempotency_key: TOPIC };
    publish(message({ args, _reply_q: TOPIC, _timeout: 2 }));
    // It takes a second and a half, and so wants one, or more on a busy machine; and then comes its reply.
    const endings: unknown[] = [];
    while (endings.at(-1) !== true) {
      const { reason, body } = await letter();
      expect(reason).toBe('malformed_envelope');
      endings.push(body?.['ending']);
    }
    expect(endings.length).toBeGreaterThan(1);
  });

  it('stays where it is, in the queue of the dead letters', async () => {
    publish(message({ method: 'list', namespace: 'host', _reply_q: estate.names.deadQueue }));
    const { body } = await operator.take(estate.names.deadQueue);
    expect(body).toHaveProperty(['oslo.message']);
  });
});

describe(`${TOTAL} mutated messages`, () => {
  it('each get a reply or a dead letter, and leave the service as it was', async () => {
    const random = seeded(4711);
    const valid = [
      message({ method: 'get_info', args: { host: 'fake', instance: 'instance-0001' } }),
      message({
        method: 'reboot',
        args: { host: 'fake', instance: 'instance-0002', wait: 'accepted', deadline_ms: 1000 },
      }),
      message({ namespace: 'operation', method: 'list', args: { state: 'done', limit: 1 }, _timeout: 2 }),
      message({ namespace: 'host', method: 'get_info', args: { host: 'fake' }, _context_user_id: 'u1' }),
    ];
    for (let sent = 0; sent < TOTAL; sent++) {
      operator.channel.publish(TOPIC, TOPIC, mutate(valid[random(valid.length)] ?? '', random));
    }
    publish(message({ method: 'get_info', args: { host: 'fake', instance: 'instance-0001' }, _msg_id: 'last' }));
    const failures = new Set<unknown>();
    for (let last: unknown; last !== 'last';) {
      const { _msg_id: id, failure } = await reply();
      last = id;
      if (typeof failure === 'string') failures.add((JSON.parse(failure) as { class: string }).class);
    }
    expect([...failures]).toContain('ValueError');
    expect([...failures]).not.toContain('InternalError');
    await eventually(async () => (await operator.count(TOPIC)).ready === 0, 'all to be taken');
    let letters = 0;
    while (await operator.channel.get(estate.names.deadQueue, { noAck: true })) letters++;
    expect(letters).toBeGreaterThan(TOTAL / 10);
  });
});
