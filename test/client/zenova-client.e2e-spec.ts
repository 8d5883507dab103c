import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { ZenovaClient, clientFailureOf, type ZenovaClientOptions } from '../../src/client/index.js';
import { isoTime, systemClock } from '../../src/common/clock.js';
import { ComputeError, type JsonValue } from '../../src/common/errors/index.js';
import type { OperationView } from '../../src/compute/contract/index.js';
import { groupQueue } from '../../src/transport/amqp/index.js';
import { startBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../transport/support.js';

const STATE = { state: 'on', transition: null, native_state: 'active', observed_at: isoTime(0) };
const DONE = { operation_id: randomUUID(), outcome: 'done' };
const MACHINE = { host: 'cpc1', instance: 'web01' };

let broker: Broker;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  broker = await startBroker();
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});
afterAll(() => broker.stop());

async function service(): Promise<Service> {
  const started = await startService(broker.url, { drainTimeoutMs: 500, replyTimeoutMs: 500 });
  open.push(started);
  return started;
}

async function clientOf(target: Service, options: Partial<ZenovaClientOptions> = {}): Promise<ZenovaClient> {
  return client({
    group: target.groupQueue.replace('zenova.rpc.', ''),
    eventsExchange: target.eventsExchange,
    ...options,
  });
}

async function client(options: Partial<ZenovaClientOptions>): Promise<ZenovaClient> {
  const opened = await ZenovaClient.connect({ url: broker.url, timeoutMs: 20_000, ...options });
  open.push(opened);
  return opened;
}

async function failure(work: Promise<unknown>): Promise<ComputeError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ComputeError)) throw error;
  return error;
}

function operation(key: string, more: Partial<OperationView> = {}): OperationView {
  return {
    operation_id: randomUUID(),
    method: 'compute.power_on',
    state: 'running',
    driver: 'fake',
    target: 'fake:x:y',
    host: 'cpc1',
    name: 'web01',
    parent_operation_id: null,
    requested_by: 'guest',
    idempotency_key: key,
    message_id: null,
    correlation_id: null,
    accepted_at: isoTime(1000),
    started_at: null,
    finished_at: null,
    not_after: null,
    attempts: 1,
    progress: null,
    result: null,
    error: null,
    ...more,
  };
}

describe('a call', () => {
  it('gets the checked result, without keys it does not know', async () => {
    const target = await service();
    target.gateway.script = () => Promise.resolve({ ...STATE, news: 'from a later version' });
    const caller = await clientOf(target);
    expect(await caller.call('power.query', MACHINE)).toEqual(STATE);
    const [call] = target.gateway.calls;
    expect(call).toMatchObject({ method: 'power.query', params: MACHINE, meta: { requestedBy: 'guest' } });
    expect(call?.meta.sentAt).toBeGreaterThan(Date.now() - 60_000);
  });

  it('that changes something brings a key, and the moment when it has a deadline', async () => {
    const target = await service();
    target.gateway.script = () => Promise.resolve(DONE);
    const caller = await clientOf(target);
    await caller.call('compute.power_on', MACHINE);
    await caller.call('compute.power_on', { ...MACHINE, idempotency_key: 'mine', deadline_ms: 5000 });
    const [first, second] = target.gateway.calls;
    expect(first?.params).toEqual({ ...MACHINE, idempotency_key: first?.meta.messageId });
    expect(second?.params).toMatchObject({
      idempotency_key: 'mine',
      requested_at: expect.stringMatching(/^20.*\.\d{3}Z$/),
    });
  });

  it('is told what comes before the answer, and leaves out what is not as agreed', async () => {
    const target = await service();
    const page = { results: [], next: null, total: 3 };
    target.gateway.script = (_, __, meta) => {
      meta.progress?.({ ...page, done: 1, of: 3 });
      meta.progress?.({ done: 'nonsense' });
      meta.progress?.({ ...page, done: 3, of: 3 });
      return Promise.resolve(page);
    };
    const caller = await clientOf(target);
    const told: number[] = [];
    const answer = await caller.call('power.query_many', {}, { onProgress: ({ done }) => void told.push(done) });
    expect(answer).toEqual(page);
    expect(told).toEqual([1, 3]);
    expect(target.gateway.calls[0]?.params).toEqual({ stream: true });
  });

  it('can address one service', async () => {
    const target = await service();
    target.gateway.script = () => Promise.resolve(STATE);
    const caller = await client({ server: target.serverQueue.replace('zenova.rpc.server.', '') });
    expect((await caller.call('power.query', MACHINE)).state).toBe('on');
  });

  it('gets the error of the service whole', async () => {
    const target = await service();
    const sent = new ComputeError('STATE_CONFLICT', 'web01 is stopping', {
      driver: 'fake',
      target: 'fake:x:y',
      native: { status: 409, code: 1, text: 'busy' },
      details: { state: 'stopping' },
      operationId: randomUUID(),
      outcome: 'not-applied',
    });
    target.gateway.script = () => Promise.reject(sent);
    const error = await failure((await clientOf(target)).call('power.on', MACHINE));
    expect(error.toWire()).toEqual(sent.toWire());
    expect(clientFailureOf(error)).toBeUndefined();
  });

  it('has 200 companions under way at once', async () => {
    const target = await service();
    target.gateway.script = (_, params) =>
      Promise.resolve({ ...STATE, native_state: (params as { instance: string }).instance });
    const caller = await clientOf(target);
    const names = Array.from({ length: 200 }, (_, i) => `lpar${i}`);
    const answers = await Promise.all(names.map((instance) => caller.call('power.query', { host: 'h', instance })));
    expect(answers.map(({ native_state }) => native_state)).toEqual(names);
  });
});

describe('without an answer', () => {
  it('says that no broker is there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    const error = await failure(ZenovaClient.connect({ url: `amqp://me:hidden@127.0.0.1:${port}` }));
    expect(error).toMatchObject({
      code: 'BACKEND_UNREACHABLE',
      outcome: 'not-started',
      details: { reason: 'no_broker' },
    });
    expect(error.message).toMatch(`cannot reach the broker at amqp://127.0.0.1:${port}`);
    expect(JSON.stringify(error.toWire())).not.toContain('hidden');
  });

  it('says that the broker refuses the password', async () => {
    const error = await failure(ZenovaClient.connect({ url: broker.url.replace('guest:guest', 'guest:hidden') }));
    expect(error).toMatchObject({ code: 'BACKEND_AUTH_FAILED', details: { reason: 'no_broker' } });
    expect(error.message).not.toContain('hidden');
  });

  it('says that no service has ever listened', async () => {
    const error = await failure((await client({ group: 'nobody' })).call('host.list', {}));
    expect(error).toMatchObject({
      code: 'BACKEND_UNREACHABLE',
      outcome: 'not-started',
      details: { reason: 'no_service' },
    });
    expect(error.message).toContain('no Zenova service has ever listened on queue zenova.rpc.nobody');
  });

  it.each([
    ['power.query', { outcome: 'not-applied', retry: 'safe' }],
    ['power.on', { outcome: 'unknown', retry: 'after-reconcile', details: { idempotency_key: expect.any(String) } }],
  ] as const)('gives up %s after its time', async (method, expected) => {
    const target = await service();
    const answers = new AbortController();
    target.gateway.script = () => once(answers.signal, 'abort').then(() => STATE);
    const error = await failure((await clientOf(target)).call(method, MACHINE, { timeoutMs: 200 }));
    answers.abort();
    expect(error).toMatchObject({ code: 'BACKEND_TIMEOUT', ...expected });
    expect(clientFailureOf(error)).toBe('no_answer');
  });

  it('fails what is under way when the broker goes, and works again when it is back', async () => {
    const target = await service();
    const answers = new AbortController();
    target.gateway.script = () => once(answers.signal, 'abort').then(() => DONE);
    const caller = await clientOf(target);
    const change = failure(caller.call('compute.power_on', { ...MACHINE, idempotency_key: 'k1' }));
    const read = failure(caller.call('power.query', MACHINE));
    await target.gateway.called(2);
    await broker.halt();
    expect(await change).toMatchObject({
      code: 'BACKEND_UNREACHABLE',
      outcome: 'unknown',
      retry: 'after-reconcile',
      message: expect.stringContaining('ask operation.get for idempotency_key k1'),
      details: { reason: 'connection_lost', idempotency_key: 'k1' },
    });
    expect(await read).toMatchObject({ code: 'BACKEND_UNREACHABLE', retry: 'safe', outcome: 'not-applied' });
    const none = await failure(caller.call('power.query', MACHINE, { timeoutMs: 100 }));
    expect(none).toMatchObject({ outcome: 'not-started', details: { reason: 'no_broker' } });
    const followed = { timeoutMs: 100, onOperation: () => undefined };
    const neither = await failure(caller.call('compute.power_on', MACHINE, followed));
    expect(neither).toMatchObject({ outcome: 'not-started', details: { reason: 'no_broker' } });

    answers.abort();
    target.gateway.script = () => Promise.resolve(STATE);
    const waiting = caller.call('power.query', MACHINE, { timeoutMs: 90_000 });
    const [state] = await Promise.all([waiting, broker.restart()]);
    expect(state).toEqual(STATE);
  });

  it('fails what is under way when it is closed', async () => {
    const target = await service();
    const answers = new AbortController();
    target.gateway.script = () => once(answers.signal, 'abort').then(() => STATE);
    const caller = await clientOf(target);
    const call = failure(caller.call('power.query', MACHINE));
    await target.gateway.called(1);
    await caller.close();
    answers.abort();
    expect(await call).toMatchObject({ details: { reason: 'client_closed' } });
  });
});

describe('an answer that is not as agreed', () => {
  let model: ChannelModel;
  afterEach(() => model.close());

  it.each<[string, string | Buffer]>([
    ['no JSON', '<html>'],
    ['no envelope', '{"response":{}}'],
    ['another result', JSON.stringify({ response: { state: 'perhaps' }, isDisposed: true })],
    ['no result', JSON.stringify({ isDisposed: true })],
    [
      "Nest's own error",
      JSON.stringify({ err: { status: 'error', message: 'Internal server error' }, isDisposed: true }),
    ],
    ['deep nesting', '['.repeat(100_000)],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('%s is BACKEND_PROTOCOL', async (_, body) => {
    const group = `raw-${randomUUID()}`;
    model = await connect(broker.url);
    const channel = await model.createChannel();
    await channel.assertQueue(groupQueue(group), { exclusive: true });
    await channel.consume(groupQueue(group), (message: ConsumeMessage | null) => {
      const { replyTo, correlationId } = message?.properties ?? {};
      channel.sendToQueue(String(replyTo), Buffer.from(body), { correlationId: 'of nobody' });
      channel.sendToQueue(String(replyTo), Buffer.from(body), { correlationId: String(correlationId) });
    });
    const error = await failure((await client({ group })).call('power.query', MACHINE));
    expect(error).toMatchObject({ code: 'BACKEND_PROTOCOL', message: expect.stringContaining('is not as agreed') });
  });
});

describe('events', () => {
  it('tell of the operation that a call began, and of no other', async () => {
    const target = await service();
    const caller = await clientOf(target);
    const seen = new Set<string>();
    const answers = new AbortController();
    target.gateway.script = async (_, params) => {
      const { idempotency_key: key } = params as { idempotency_key: string };
      const at = systemClock.now();
      const tell = (view: OperationView) => target.transport.events.publish({ kind: 'operation', operation: view, at });
      // Over and over: the call may have been sent before its caller listens.
      await eventually(() => {
        tell(operation('of somebody else'));
        tell(operation(key, { progress: { message: 'starting', percent: 10, at: isoTime(1) } }));
        return answers.signal.aborted;
      }, 'the news to be heard');
      return DONE;
    };
    const call = caller.call('compute.power_on', MACHINE, {
      onOperation: ({ progress }) => {
        seen.add(progress?.message ?? 'nothing');
        answers.abort();
      },
    });
    expect(await call).toEqual(DONE);
    expect(seen).toEqual(new Set(['starting']));
  });

  it('are watched until the operation is over', async () => {
    const target = await service();
    const caller = await clientOf(target);
    const running = operation('k');
    target.gateway.script = () => Promise.resolve(running as unknown as JsonValue);
    const seen: (string | undefined)[] = [];
    const watched = caller.watch({ operation_id: running.operation_id }, ({ state, progress }) => {
      seen.push(progress?.message ?? state);
    });
    const tell = (more: Partial<OperationView>) =>
      target.transport.events.publish({ kind: 'operation', operation: { ...running, ...more }, at: systemClock.now() });
    const tellTheRest = async (): Promise<void> => {
      await eventually(() => target.gateway.calls.length >= 2, 'it is asked for again once events come');
      tell({ progress: { message: 'half way', percent: 50, at: isoTime(2) } });
      tell({ state: 'done', finished_at: isoTime(3) });
    };
    const [{ state }] = await Promise.all([watched, tellTheRest()]);
    expect(state).toBe('done');
    expect(seen).toEqual(['running', 'half way', 'done']);
  });

  it('that are missed do not keep a watch waiting', async () => {
    const target = await service();
    const caller = await clientOf(target);
    const answers = [operation('k'), operation('k'), operation('k', { state: 'failed' })];
    const id = answers[0]?.operation_id ?? '';
    target.gateway.script = () => Promise.resolve({ ...answers.shift(), operation_id: id } as unknown as JsonValue);
    expect((await caller.watch({ operation_id: id }, () => undefined, { pollMs: 20 })).state).toBe('failed');
  });

  it('that cannot be had do not keep a watch waiting either', async () => {
    const target = await service();
    const caller = await clientOf(target, { eventsExchange: 'zenova.events.nowhere' });
    const answers = [operation('k'), operation('k'), operation('k', { state: 'done' })];
    const id = answers[0]?.operation_id ?? '';
    target.gateway.script = () => Promise.resolve({ ...answers.shift(), operation_id: id } as unknown as JsonValue);
    expect((await caller.watch({ operation_id: id }, () => undefined, { pollMs: 20 })).state).toBe('done');
  });

  it('need an exchange', async () => {
    const caller = await client({ eventsExchange: 'zenova.events.nowhere' });
    expect(await failure(caller.events(['#'], () => undefined))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });
});
