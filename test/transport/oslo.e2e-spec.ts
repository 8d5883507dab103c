import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { ComputeError, ERROR_CODE_NAMES, type ErrorCode } from '../../src/common/errors/index.js';
import type { TransportOptions } from '../../src/transport/index.js';
import { FAILURES } from '../../src/transport/oslo/oslo-failures.js';
import { Operator } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { OsloClient } from '../support/oslo-client.js';
import { startService, uniqueNames, type Service } from './support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let operator: Operator;
const services: { service: Service; topic: string }[] = [];
const clients: OsloClient[] = [];
let client: OsloClient;
/** Lets go the request that a test holds. */
let finish: () => void = () => undefined;

/** Names of this test alone: queue names are global. */
const run = randomBytes(4).toString('hex');
const exchange = `zenova-test-${run}`;
let topics = 0;
const newTopic = (): string => `t-${run}-${++topics}`;

beforeAll(async () => {
  broker = await sharedBroker();
  operator = await Operator.connect(broker.url);
  client = await OsloClient.start(broker.url, { exchange });
});
afterEach(async () => {
  finish();
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const { service, topic } of services.splice(0)) {
    await service.close();
    await operator.remove(service);
    for (const queue of [topic, `${topic}.${serverOf(service)}`]) await operator.channel.deleteQueue(queue);
  }
});
afterAll(async () => {
  await client.close();
  await operator.channel.deleteExchange(exchange);
  await operator.close();
  await broker.stop();
});

function serverOf(service: Service): string {
  return service.serverQueue.slice('zenova.rpc.server.'.length);
}

async function start(
  topic: string,
  oslo: TransportOptions['oslo'] = {},
  { isReady = true, ...options }: Partial<TransportOptions> & { isReady?: boolean } = {},
): Promise<Service> {
  const service = await startService(
    broker.url,
    { oslo: { controlExchange: exchange, topic, ...oslo }, ...options },
    { isReady, names: uniqueNames() },
  );
  services.push({ service, topic });
  return service;
}

async function caller(topic: string, options: Record<string, unknown> = {}): Promise<OsloClient> {
  const client = await OsloClient.start(broker.url, { exchange, topic, ...options });
  clients.push(client);
  return client;
}

describe('a Python caller with oslo.messaging', () => {
  it('calls any server and a certain one, casts, and reaches all', async () => {
    const topic = newTopic();
    const [one, other] = [await start(topic), await start(topic)];
    const python = client.at(topic);

    const args = { host: 'cpc1', instance: 'ubuntu01', note: 'ä€𝄞' };
    expect(await python.call('power.query', args)).toEqual({ result: { method: 'power.query', params: args } });

    const callsOf = (service: Service): number => service.gateway.calls.length;
    const before = callsOf(other);
    for (let i = 0; i < 4; i++) await python.call('host.list', {}, { server: serverOf(other) });
    expect(callsOf(other)).toBe(before + 4);

    await python.cast('power.query', { host: 'cast' }, { server: serverOf(one) });
    await python.cast('power.query', { host: 'all' }, { fanout: true });
    const hosts = (service: Service): unknown[] =>
      service.gateway.calls.map(({ params }) => (params as { host?: string }).host);
    await eventually(() => hosts(one).includes('all') && hosts(other).includes('all'), 'the fanout');
    expect(hosts(one)).toContain('cast');
    const cast = one.gateway.calls.find(({ params }) => (params as { host?: string }).host === 'cast');
    expect(cast?.meta).toMatchObject({ replyTo: null, requestId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    const [fromOne, fromOther] = [one, other].map(({ gateway }) =>
      gateway.calls.find(({ params }) => (params as { host?: string }).host === 'all'),
    );
    // One message under one name, whoever takes it: in a shared journal it is one operation.
    expect(fromOne?.meta.requestId).toBe(fromOther?.meta.requestId);
  });

  it('is known by its context, unless the broker vouches for its user', async () => {
    const topic = newTopic();
    const { gateway } = await start(topic);
    const python = client.at(topic);
    await python.call('host.list', {}, { context: { user_id: 'u1', request_id: 'req-7', auth_token: 'C4n4ry' } });
    await python.call('host.list', {}, { context: { user: 'u2' } });
    await python.call('host.list', {});
    expect(gateway.calls.map(({ meta }) => meta.requestedBy)).toEqual(['oslo:u1', 'oslo:u2', 'anonymous']);
    expect(gateway.calls[0]?.meta.correlationId).toBe('req-7');

    const body = oslo({ method: 'list', namespace: 'host', _context_user_id: 'u1' });
    operator.channel.publish(exchange, topic, Buffer.from(body), { userId: new URL(broker.url).username || 'guest' });
    await gateway.called(4);
    expect(gateway.calls[3]?.meta.requestedBy).toBe(new URL(broker.url).username || 'guest');
  });

  it('gets a failure for each code, by a class it knows, with the whole error', async () => {
    const topic = newTopic();
    const { gateway } = await start(topic);
    const python = client.at(topic);
    gateway.script = (_method, params) => {
      const { code } = params as { code: ErrorCode };
      return Promise.reject(
        new ComputeError(code, `it failed: ${code}`, { operationId: 'op-1', details: { reason: 'because' } }),
      );
    };
    const codes = ERROR_CODE_NAMES.filter((code) => code !== 'SHUTTING_DOWN'); // goes back to its queue
    for (const code of codes) {
      const { module, name } = FAILURES[code];
      const catching = module === 'builtins' ? name : `${module}.${name}`;
      const answer = await python.call('power.query', { instance: 'lpar7', host: 'cpc1', code }, { catch: catching });
      expect([code, answer.caught?.mro]).toEqual([code, expect.arrayContaining([name])]);
      const error = answer.caught;
      const [text, last = ''] = error?.text.split('\n') ?? [];
      expect(text).toBe(`it failed: ${code}`);
      const whole = JSON.parse(last) as unknown;
      expect(whole).toMatchObject({ code, message: text, operation_id: 'op-1', details: { reason: 'because' } });
      if (module !== 'builtins') expect(error?.kwargs?.['zenova']).toEqual(whole);
    }
  });

  it('gets the arguments of InstanceNotFound, also as one of its parents, and all else as a RemoteError', async () => {
    const topic = newTopic();
    const { gateway } = await start(topic);
    gateway.script = () => Promise.reject(new ComputeError('INSTANCE_NOT_FOUND', 'cpc1 has no LPAR lpar7'));
    const args = { host: 'cpc1', instance: 'lpar7' };
    const { caught } = await client.at(topic).call('power.query', args, { catch: 'nova.exception.NotFound' });
    expect(caught?.kwargs).toMatchObject({ instance_id: 'lpar7' });

    const stranger = await caller(topic, { allowedRemoteExmods: [] });
    const { failed } = await stranger.call('power.query', args);
    expect(failed).toMatchObject({
      class: 'RemoteError',
      remote: { type: 'InstanceNotFound', value: 'cpc1 has no LPAR lpar7' },
    });
    expect(JSON.parse(failed?.remote.traceback?.at(-1) ?? '')).toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
      retry: 'never',
    });
  });

  it.each<[string, Parameters<OsloClient['call']>, string, string]>([
    [
      'a method that there is not',
      ['power.nosuch2', {}],
      'NoSuchMethod',
      'Endpoint does not support RPC method nosuch2',
    ],
    ['a private method', ['power._on', {}], 'NoSuchMethod', 'Endpoint does not support RPC method _on'],
    [
      'a namespace that there is not',
      ['baseapi.query', {}],
      'UnsupportedVersion',
      'Endpoint does not support RPC version 1.0. Attempted method: query',
    ],
    [
      'no namespace',
      ['query', {}],
      'UnsupportedVersion',
      'Endpoint does not support RPC version 1.0. Attempted method: query',
    ],
    [
      'a higher minor version, before the method',
      ['power.nosuch', {}, { version: '1.9' }],
      'UnsupportedVersion',
      'Endpoint does not support RPC version 1.9. Attempted method: nosuch',
    ],
    [
      'another major version',
      ['power.query', {}, { version: '2.0' }],
      'UnsupportedVersion',
      'Endpoint does not support RPC version 2.0. Attempted method: query',
    ],
  ])('is refused as by an oslo server: %s', async (_, call, type, value) => {
    const topic = newTopic();
    const { deadQueue } = await start(topic);
    const { failed } = await client.at(topic).call(...call);
    expect(failed).toMatchObject({ class: 'RemoteError', remote: { type, value } });
    expect((await operator.take(deadQueue)).body).toMatchObject({
      data: { reason: type === 'NoSuchMethod' ? 'unknown_method' : 'unsupported_version' },
    });
  });

  it('is answered a ping when that is configured', async () => {
    const [silent, answering] = [newTopic(), newTopic()];
    await start(silent);
    await start(answering, { rpcPingEnabled: true });
    const python = client.at(answering);
    expect(await python.call('oslo_rpc_server_ping', {})).toEqual({ result: 'pong' });
    const { failed } = await python.call('oslo_rpc_server_ping', {}, { topic: silent });
    expect(failed?.remote.type).toBe('UnsupportedVersion');
    expect((await python.call('nosuch', {})).failed?.remote.type).toBe('NoSuchMethod');
  });

  it('waits for a long call as long as it hears of it', async () => {
    const topic = newTopic();
    const { gateway } = await start(topic);
    let finish: (value: string) => void = () => undefined;
    gateway.script = (_method, _params, meta) => {
      meta.accepted();
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    const python = client.at(topic);
    const before = Date.now();
    // Its monitor gives up after 6 seconds of silence; a sign of life comes every 3.
    const monitored = python.call('power.on', {}, { call_monitor_timeout: 6 });
    await gateway.called(1);
    setTimeout(() => finish('done after all'), 10_000);
    expect(await monitored).toEqual({ result: 'done after all' });
    expect(Date.now() - before).toBeGreaterThan(9_500);
    // A second is too short for signs of life, in oslo as here.
    const { failed } = await python.call('power.on', {}, { call_monitor_timeout: 1 });
    expect(failed?.class).toBe('MessagingTimeout');
    finish('late');
  });
});

/** A message as oslo.messaging writes it. */
function oslo(message: object, version = '2.0'): string {
  return JSON.stringify({ 'oslo.version': version, 'oslo.message': JSON.stringify({ args: {}, ...message }) });
}

describe('beside a Nova in the same virtual host', () => {
  it('takes not one message of the topic compute', async () => {
    const nova = await OsloClient.start(broker.url, { exchange: `nova-${run}`, topic: 'compute' });
    clients.push(nova);
    const novaHost = `nova-host-${run}`;
    await nova.serve({ server: novaHost });
    const ours = await start('compute', { allowNovaTopic: true });
    const beside = await start(newTopic());
    expect(ours.transport.health.status().queues.map(({ queue }) => queue)).toEqual([
      ours.groupQueue,
      ours.serverQueue,
      `compute.${serverOf(ours)}`,
    ]);
    const numbers = Array.from({ length: 60 }, (_, n) => n);
    await Promise.all(
      numbers.map((n) => {
        if (n % 3 === 0) return nova.call('note', { n });
        return nova.cast('note', { n }, n % 3 === 1 ? {} : { fanout: true });
      }),
    );
    await eventually(async () => (await nova.seen()).length >= numbers.length, 'all of it to reach Nova');
    expect((await nova.seen()).map(({ n }) => Number(n)).toSorted((a, b) => a - b)).toEqual(numbers);
    expect([ours, beside].map(({ gateway }) => gateway.calls.length)).toEqual([0, 0]);

    // What is addressed to our server is ours.
    const { result } = await nova.call('host.list', {}, { exchange, server: serverOf(ours) });
    expect(result).toMatchObject({ method: 'host.list' });
    await operator.channel.deleteQueue(`compute.${novaHost}`);
    await operator.channel.deleteExchange(`nova-${run}`);
  });
});

describe('flags', () => {
  it.each<[string, TransportOptions['oslo'], Record<string, unknown>]>([
    ['durable', { amqpDurableQueues: true }, { amqp_durable_queues: true }],
    [
      'quorum',
      { rabbitQuorumQueue: true, rabbitQuorumDeliveryLimit: 7 },
      { rabbit_quorum_queue: true, rabbit_quorum_delivery_limit: 7 },
    ],
    [
      'auto delete, and another time to live',
      { amqpAutoDelete: true, rabbitTransientQueuesTtlSeconds: 60 },
      { amqp_auto_delete: true, rabbit_transient_queues_ttl: 60 },
    ],
  ])('are agreed on: %s', async (_, ours, theirs) => {
    const topic = newTopic();
    const own = `${exchange}-${topic}`;
    await start(topic, { ...ours, controlExchange: own });
    const python = await caller(topic, { exchange: own, options: theirs });
    expect(await python.call('host.list', {})).toMatchObject({ result: { method: 'host.list' } });
    // The very same declarations: an oslo server takes its place beside ours.
    await python.serve({ server: 'beside' });
    await operator.channel.deleteQueue(`${topic}.beside`);
    await operator.channel.deleteExchange(own);
  });

  it('a transient quorum queue for fanout', async () => {
    const topic = newTopic();
    const { gateway } = await start(topic, { rabbitTransientQuorumQueue: true });
    operator.channel.publish(`${topic}_fanout`, '', Buffer.from(oslo({ method: 'list', namespace: 'host' })));
    await gateway.called(1);
  });

  it('that differ are told by name in health, and mended once they agree', async () => {
    const topic = newTopic();
    await operator.channel.assertQueue(topic, { durable: true });
    const service = await start(topic, {}, { isReady: false });
    const { health } = service.transport;
    const status = await health.until(
      ({ queues }) => queues.some(({ error }) => error !== null),
      AbortSignal.timeout(60_000),
    );
    expect(status.isConsuming).toBe(false);
    expect(status.queues.find(({ queue }) => queue === topic)?.error).toBe(
      `queue "${topic}" exists with another durable: it has true, and the section oslo asks for false. Set amqp_durable_queues, rabbit_quorum_queue or, for fanout, rabbit_transient_quorum_queue as its other users do, or delete the queue when it has none`,
    );
    await operator.channel.deleteQueue(topic);
    await health.until(({ isConsuming }) => isConsuming, AbortSignal.timeout(60_000));
  });
});

describe('a message that cannot be understood', () => {
  const CANARY = 'C4n4ry-C4n4ry';
  const inner = { method: 'query', namespace: 'power', args: {}, _msg_id: 'm1' };
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

  it.each<[string, (replyQueue: string) => string | Buffer, string, boolean]>([
    ['no JSON', () => `token=${CANARY}`, 'malformed_json', false],
    ['no JSON inside', () => `{"oslo.version":"2.0","oslo.message":"{${CANARY}"}`, 'malformed_json', false],
    ['no text inside', () => '{"oslo.version":"2.0","oslo.message":{"method":"query"}}', 'malformed_envelope', false],
    ['another envelope', () => oslo(inner, '3.0'), 'malformed_envelope', false],
    ['a list', () => `[{"auth_token":"${CANARY}"}]`, 'malformed_envelope', false],
    [
      'a method that is an object',
      (q) => oslo({ ...inner, _reply_q: q, method: { x: CANARY } }),
      'malformed_envelope',
      true,
    ],
    ['args that are a list', (q) => oslo({ ...inner, _reply_q: q, args: [CANARY] }), 'malformed_envelope', true],
    ['a version that is none', (q) => oslo({ ...inner, _reply_q: q, version: CANARY }), 'malformed_envelope', true],
    [
      'an unknown method',
      (q) => oslo({ ...inner, _reply_q: q, method: CANARY, _context_auth_token: CANARY }),
      'unknown_method',
      true,
    ],
    ['nesting without end', () => oslo({ ...inner, args: { x: nested(2_000) } }), 'too_deep', false],
    ['2 MB', () => oslo({ ...inner, args: { password: CANARY.repeat(160_000) } }), 'too_large', false],
  ])('%s', async (_, body, reason, hasReply) => {
    const topic = newTopic();
    const { deadQueue } = await start(topic);
    const { queue: replyQueue } = await operator.channel.assertQueue('', { exclusive: true });
    operator.channel.publish(exchange, topic, Buffer.from(body(replyQueue)));
    const letter = await operator.take(deadQueue);
    expect(letter.body).toMatchObject({ data: { reason, routing_key: topic } });
    expect(letter.text).not.toContain('C4n4ry');
    const reply = await operator.channel.get(replyQueue, { noAck: true });
    expect(reply !== false).toBe(hasReply);
    if (reply === false) return;
    const message = JSON.parse(
      (JSON.parse(reply.content.toString()) as Record<string, string>)['oslo.message'] ?? '',
    ) as Record<string, string>;
    expect(message).toMatchObject({ result: null, ending: true, _msg_id: 'm1' });
    expect(JSON.parse(message['failure'] ?? '')).toMatchObject({
      class: reason === 'unknown_method' ? 'NoSuchMethod' : 'ValueError',
    });
  });

  it('a compressed one', async () => {
    const topic = newTopic();
    const { deadQueue } = await start(topic);
    operator.channel.publish(exchange, topic, Buffer.from('x'), { headers: { compression: 'application/x-gzip' } });
    expect((await operator.take(deadQueue)).body).toMatchObject({ data: { reason: 'unsupported_encoding' } });
  });

  it('says in its dead letter which it was, and keeps its secrets', async () => {
    const topic = newTopic();
    const { deadQueue } = await start(topic);
    const context = { _context_auth_token: CANARY, _context_request_id: 'req-9', _context_user_id: 'u1' };
    const args = { host: 'cpc1', power_pass: CANARY, anything: CANARY };
    operator.channel.publish(
      exchange,
      topic,
      Buffer.from(oslo({ method: 'nosuch', namespace: 'power', version: '1.0', args, ...context, _unique_id: 'a1' })),
    );
    const { body, text } = await operator.take(deadQueue);
    expect(body).toMatchObject({
      data: {
        body: {
          method: 'nosuch',
          namespace: 'power',
          version: '1.0',
          args: { host: 'cpc1' },
          _context_request_id: 'req-9',
          _context_user_id: 'u1',
          _unique_id: 'a1',
        },
      },
    });
    expect(text).not.toContain('C4n4ry');
  });
});

describe('replies', () => {
  it('wait for a queue that is missing, and hold up nobody meanwhile', async () => {
    const topic = newTopic();
    const { gateway } = await start(topic, {}, { prefetch: 2 });
    const replyQueue = `reply-test-${run}`;
    const call = (n: number): string =>
      oslo({ method: 'query', namespace: 'power', args: { n }, _msg_id: `m${n}`, _reply_q: replyQueue });
    for (let n = 0; n < 5; n++) operator.channel.publish(exchange, topic, Buffer.from(call(n)));
    // More than may be in hand: those before them were acknowledged without their reply.
    await gateway.called(5);
    await operator.channel.assertQueue(replyQueue, { durable: false });
    const ids = [];
    for (let n = 0; n < 5; n++) {
      const { body, message } = await operator.take(replyQueue);
      expect(message.properties).toMatchObject({ contentType: 'application/json', contentEncoding: 'utf-8' });
      ids.push((JSON.parse(String(body['oslo.message'])) as { _msg_id: string })._msg_id);
    }
    expect(ids.toSorted()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    await operator.channel.deleteQueue(replyQueue);
  });
});

describe('closing and back-pressure', () => {
  it('cover the oslo queues; the fanout queue goes with the service', async () => {
    const topic = newTopic();
    const service = await start(topic, {}, { drainTimeoutMs: 60_000 });
    const { health, intake } = service.transport;
    const queues = health.status().queues.map(({ queue }) => queue);
    const fanout = queues.find((queue) => queue.startsWith(`${topic}_fanout_`));
    expect(queues).toEqual([service.groupQueue, service.serverQueue, topic, `${topic}.${serverOf(service)}`, fanout]);
    await intake.pause();
    for (const queue of queues) expect((await operator.count(queue)).consumers).toBe(0);
    operator.channel.publish(exchange, topic, Buffer.from(oslo({ method: 'list', namespace: 'host' })));
    await eventually(async () => (await operator.count(topic)).ready === 1, 'the request to wait');
    intake.resume();
    await service.gateway.called(1);

    service.gateway.script = () =>
      new Promise((resolve) => {
        finish = () => resolve('finished');
      });
    const python = client.at(topic);
    const answer = python.call('host.list', {});
    await service.gateway.called(2);
    const closed = service.close();
    await eventually(async () => (await operator.count(topic)).consumers === 0, 'no more to be taken');
    finish();
    await closed;
    expect(await answer).toEqual({ result: 'finished' });
    const probe = await Operator.connect(broker.url);
    await expect(probe.channel.checkQueue(fanout ?? '')).rejects.toThrow('NOT_FOUND');
    await probe.close();
  });
});
