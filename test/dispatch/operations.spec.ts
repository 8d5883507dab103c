import { afterEach, describe, expect, it } from '@jest/globals';
import { isoTime } from '../../src/common/clock.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import { manualPower } from '../../src/drivers/power/manual.power.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS } from '../support/held-clock.js';
import { MovedClock } from './moved-clock.js';

let bench: ComputeBench;
afterEach(() => bench.discard());

async function start(settings: object = {}, options: Partial<ComputeBenchOptions> = {}): Promise<void> {
  const host = { name: 'site', driver: 'fake', settings, manage: undefined, protect: [], protectSelf: true };
  bench = await ComputeBench.start({ drivers: [fakeDriver], powerTypes: [manualPower], hosts: [host], ...options });
}

/** Changes last until the clock lets them go. */
async function startHeld(options: Partial<ComputeBenchOptions> = {}): Promise<MovedClock> {
  const clock = new MovedClock();
  await start({ change_delay_ms: HELD_MS }, { clock, ...options });
  return clock;
}

const one = { host: 'site', instance: 'instance-0001' };
const two = { host: 'site', instance: 'instance-0002' };
const HOUR_MS = 3_600_000;

describe('a changing request', () => {
  it('is carried out, told in events, and remembered', async () => {
    await start({ change_delay_ms: 40 });
    const answer = await bench.call('compute.power_on', one, { messageId: 'm-1', requestId: 'm-1' });
    expect(answer).toMatchObject({ outcome: 'done', power_state: 'running', power_state_code: 1, transition: null });
    expect(new Set(bench.statesOf(answer.operation_id))).toEqual(new Set(['accepted', 'running', 'done']));
    expect(bench.statesOf(answer.operation_id).at(-1)).toBe('done');
    expect(bench.events).toContainEqual(
      expect.objectContaining({ kind: 'power', host: 'site', name: 'instance-0001', state: 'on' }),
    );
    for (const reference of [
      { operation_id: answer.operation_id },
      { message_id: 'm-1' },
      { idempotency_key: 'm-1' },
    ]) {
      expect(await bench.call('operation.get', reference)).toMatchObject({
        state: 'done',
        result: answer,
        attempts: 1,
      });
    }
  });

  it('is accepted once under its key: repeats get the stored outcome, other requests are refused', async () => {
    await start();
    const first = await bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    const repeat = await bench.call('compute.power_on', { ...one, idempotency_key: 'k', deadline_ms: 1000 });
    expect(repeat).toEqual(first);
    await expect(bench.call('compute.power_off', { ...one, idempotency_key: 'k' })).rejects.toMatchObject({
      code: 'DUPLICATE_OPERATION',
      operationId: first.operation_id,
    });
    const another = await bench.call('compute.power_on', { ...one, idempotency_key: 'k' }, { requestedBy: 'another' });
    expect(another).toMatchObject({ outcome: 'already' });
    expect(another.operation_id).not.toBe(first.operation_id);
  });

  it.each(['requestId', 'correlationId'])('is refused when its %s cannot be kept', async (field) => {
    await start();
    const refused = bench.call('compute.power_on', one, { [field]: 'a\0b' });
    await expect(refused).rejects.toMatchObject({ code: 'REQUEST_INVALID', message: expect.stringContaining('NUL') });
    expect((await bench.call('operation.list', {})).operations).toEqual([]);
  });

  it('is joined by a repeat that comes while it runs', async () => {
    const clock = await startHeld();
    let acknowledged = 0;
    const ask = () =>
      bench.call('compute.power_on', { ...one, idempotency_key: 'k' }, { accepted: () => void (acknowledged += 1) });
    const asked = Array.from({ length: 5 }, ask);
    await eventually(() => acknowledged === 5, 'all to be acknowledged');
    clock.letGo();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ operation_id: id }) => id)).size).toBe(1);
    expect((await bench.call('operation.list', {})).operations).toHaveLength(1);
  });

  it('keeps the message of a repeat that wants its reply elsewhere until it is over', async () => {
    const clock = await startHeld();
    const address = (queue: string) => ({ envelope: 'nest', address: { queue } });
    const accepted: string[] = [];
    const ask = (queue: string) =>
      bench.call(
        'compute.power_on',
        { ...one, idempotency_key: 'k' },
        { replyTo: address(queue), accepted: () => void accepted.push(queue) },
      );
    const first = ask('a');
    await eventually(() => bench.service.load === 1, 'the first is accepted');
    // A restart would reply to the first queue only: the journal does not know the second.
    const repeats = [ask('b'), ask('a')];
    await eventually(() => accepted.length === 2, 'the repeat with the same queue to be acknowledged');
    clock.letGo();
    expect(await Promise.all([first, ...repeats])).toMatchObject(
      Array.from({ length: 3 }, () => ({ outcome: 'done' })),
    );
    expect(accepted).toEqual(['a', 'a']);
  });

  it('is acknowledged when it is written down, before it is over', async () => {
    const clock = await startHeld();
    let isAccepted = false;
    const answer = bench.call('compute.power_on', one, { accepted: () => void (isAccepted = true) });
    await eventually(() => isAccepted, 'it to be acknowledged');
    expect(await bench.opened.journal.list({ state: 'unfinished', limit: 100 })).toHaveLength(1);
    clock.letGo();
    expect(await answer).toMatchObject({ outcome: 'done' });
  });

  it('answers at once with wait: accepted', async () => {
    await start({ change_delay_ms: 60 });
    const receipt = await bench.call('compute.power_on', { ...one, wait: 'accepted' });
    expect(receipt).toMatchObject({ outcome: 'accepted' });
    await eventually(
      async () => (await bench.call('operation.get', { operation_id: receipt.operation_id })).state === 'done',
      'done',
    );
  });

  it('does nothing with plan, and says what it would do', async () => {
    await start();
    const plan = await bench.call('compute.power_on', { ...one, plan: true });
    expect(plan).toMatchObject({ operation_id: null, outcome: 'planned', steps: [{ action: 'powerOn' }] });
    expect(await bench.call('power.query', one)).toMatchObject({ state: 'off' });
    expect((await bench.call('operation.list', {})).operations).toEqual([]);
  });

  it('fails with the whole error, which a repeat gets too', async () => {
    await start({ faults: [{ operation: 'powerOn', error: 'BACKEND_REJECTED', times: 1 }] });
    const failed = { code: 'BACKEND_REJECTED', driver: 'fake', retry: 'never', outcome: 'not-applied' };
    await expect(bench.call('compute.power_on', { ...one, idempotency_key: 'k' })).rejects.toMatchObject(failed);
    await expect(bench.call('compute.power_on', { ...one, idempotency_key: 'k' })).rejects.toMatchObject(failed);
    expect(await bench.call('compute.power_on', one)).toMatchObject({ outcome: 'done' });
  });

  it.each([
    ['an unknown host', 'compute.power_on', { host: 'nowhere', instance: 'x' }, 'RESOURCE_NOT_FOUND'],
    ['an unknown instance', 'compute.power_on', { host: 'site', instance: 'x' }, 'INSTANCE_NOT_FOUND'],
    ['a wrong state', 'compute.unpause', one, 'STATE_CONFLICT'],
    ['a verb its power type lacks', 'power.on', { power_type: 'manual' }, 'FEATURE_UNSUPPORTED'],
    ['a power type that is not there', 'power.on', { power_type: 'none' }, 'RESOURCE_NOT_FOUND'],
    ['a machine that is not there', 'power.on', { machine: 'm' }, 'RESOURCE_NOT_FOUND'],
    [
      'parameters its type does not have',
      'power.on',
      { power_type: 'manual', power_parameters: { a: 'b' } },
      'REQUEST_INVALID',
    ],
    ['an unknown field', 'compute.power_on', { ...one, colour: 'red' }, 'REQUEST_INVALID'],
    ['no machine', 'power.on', {}, 'REQUEST_INVALID'],
    ['two machines', 'power.on', { ...one, machine: 'm' }, 'REQUEST_INVALID'],
    ['an unknown method', 'compute.explode', one, 'REQUEST_INVALID'],
    ['a method of another kind of name', '__proto__', one, 'REQUEST_INVALID'],
  ])('refuses %s', async (_what, method, params, code) => {
    await start();
    await expect(bench.call(method, params)).rejects.toMatchObject({ code });
    expect((await bench.call('operation.list', { state: 'unfinished' })).operations).toEqual([]);
  });
});

describe('operations on one target', () => {
  it('run one at a time, in order of acceptance; other targets do not wait', async () => {
    await start({ change_delay_ms: 40 });
    const order: string[] = [];
    const run = (method: string, where: object, name: string): Promise<unknown> =>
      bench.call(method, where).then(() => order.push(name));
    await Promise.all([
      run('compute.power_on', one, 'on'),
      run('compute.pause', one, 'pause'),
      run('compute.power_on', two, 'other'),
      run('compute.unpause', one, 'unpause'),
    ]);
    expect(order.filter((name) => name !== 'other')).toEqual(['on', 'pause', 'unpause']);
    expect(order.indexOf('other')).toBeLessThan(order.indexOf('unpause'));
  });

  it('are the same target by name and by id', async () => {
    await start({ change_delay_ms: 40 });
    const { id } = await bench.call('compute.get_info', one);
    const [first, second] = await Promise.all([
      bench.call('compute.power_on', one),
      bench.call('compute.power_on', { host: 'site', instance: id }),
    ]);
    expect(new Set([first.outcome, second.outcome])).toEqual(new Set(['already', 'done']));
  });

  it('are refused beyond what a target may hold', async () => {
    const clock = await startHeld({ maxPerTarget: 2 });
    const asked = [1, 2, 3].map(() => bench.call('compute.power_on', one));
    await Promise.race(asked).catch(() => undefined);
    clock.letGo();
    const all = await Promise.allSettled(asked);
    const refused = all.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ reason: { code: 'BACKEND_BUSY', retry: 'safe', outcome: 'not-started' } });
  });

  it('never touch what is protected or not managed, nor the service itself', async () => {
    const host = {
      name: 'site',
      driver: 'fake',
      settings: {},
      manage: ['instance-000*'],
      protect: ['instance-0002'],
      protectSelf: true,
    };
    await start({}, { hosts: [host], selfNames: ['INSTANCE-0003'] });
    const reason = (instance: string) =>
      bench.call('compute.power_off', { host: 'site', instance }).then(
        () => 'allowed',
        (error: { code: string; details: { reason: string } }) => `${error.code} ${error.details.reason}`,
      );
    expect(await reason('instance-0001')).toBe('allowed');
    expect(await reason('instance-0002')).toBe('FORBIDDEN protected');
    expect(await reason('instance-0003')).toBe('FORBIDDEN self');
    expect(await reason('instance-0010')).toBe('FORBIDDEN not_managed');
    expect(await bench.call('power.query', { host: 'site', instance: 'instance-0010' })).toMatchObject({
      state: 'off',
    });
  });
});

describe('time', () => {
  it.each([
    ['by deadline_ms from the message', { deadline_ms: 1000 }, Date.now() - 60_000],
    ['by deadline_ms from requested_at', { deadline_ms: 1000, requested_at: isoTime(Date.now() - 60_000) }, Date.now()],
    ['by not_after, which wins', { deadline_ms: 600_000, not_after: isoTime(Date.now() - 1) }, Date.now()],
  ])('that has passed %s changes nothing', async (_what, limits, sentAt) => {
    await start();
    await expect(bench.call('compute.power_on', { ...one, ...limits }, { sentAt })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      outcome: 'not-started',
    });
    expect(await bench.call('power.query', one)).toMatchObject({ state: 'off' });
  });

  it('is not given by a requested_at that lies in the future', async () => {
    const clock = await startHeld();
    const before = bench.call('compute.power_on', one);
    await eventually(() => bench.service.load === 1, 'the first is accepted');
    const late = { ...one, deadline_ms: 50, requested_at: isoTime(Date.now() + 3_600_000) };
    await expect(bench.call('compute.power_off', late)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    clock.letGo();
    await before;
  });

  it('that passes while an operation waits ends it before it begins', async () => {
    const clock = await startHeld();
    const before = bench.call('compute.power_on', one);
    await eventually(() => bench.service.load === 1, 'the first is accepted');
    await expect(bench.call('compute.power_off', { ...one, deadline_ms: 1000 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      outcome: 'not-started',
    });
    expect(bench.service.load).toBe(1);
    clock.letGo();
    expect(await before).toMatchObject({ outcome: 'done' });
    expect(await bench.call('power.query', one)).toMatchObject({ state: 'on' });
  });

  it('that passes while a step runs lets it come to its true end', async () => {
    const clock = await startHeld();
    const answer = bench.call('compute.power_on', { ...one, not_after: isoTime(clock.now() + HOUR_MS) });
    const done = expect(answer).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
    await eventually(async () => (await bench.call('power.query', one)).transition === 'starting', 'its step');
    clock.pass(HOUR_MS + 1);
    clock.letGo();
    await done;
  });
});

describe('operation.cancel', () => {
  it('ends what waits', async () => {
    const clock = await startHeld();
    const first = bench.call('compute.power_on', one);
    await eventually(() => bench.service.load === 1, 'the first is accepted');
    const second = bench.call('compute.power_off', { ...one, idempotency_key: 'second' });
    const cancelled = expect(second).rejects.toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'not-started' });
    await eventually(() => bench.service.load === 2, 'the second is accepted');
    expect(await bench.call('operation.cancel', { idempotency_key: 'second' })).toMatchObject({ state: 'cancelled' });
    await cancelled;
    clock.letGo();
    expect(await first).toMatchObject({ outcome: 'done' });
    await expect(bench.call('operation.cancel', { idempotency_key: 'second' })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    });
  });

  it.each([
    ['idempotency_key', { idempotency_key: 'name' }, {}],
    ['message_id', {}, { requestId: 'name', messageId: 'name' }],
  ])("by %s ends the caller's own only; by id anybody's", async (field, fields, meta) => {
    const clock = await startHeld();
    const reference = { [field]: 'name' };
    const first = bench.call('compute.power_on', one, { requestedBy: 'eve' });
    await eventually(() => bench.service.load === 1, 'the first is accepted');
    const own = bench.call('compute.power_off', { ...one, ...fields }, { requestedBy: 'ann', ...meta });
    const cancelled = expect(own).rejects.toMatchObject({ code: 'OPERATION_CANCELLED' });
    await eventually(() => bench.service.load === 2, 'the second is accepted');
    const ofAnn = await bench.call('operation.get', reference, { requestedBy: 'bob' });
    const cancel = (given: object, requestedBy: string) => bench.call('operation.cancel', given, { requestedBy });
    await expect(cancel(reference, 'bob')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });

    // Bob's is the newer one of this name.
    const another = bench.call('compute.reboot', { ...one, ...fields }, { requestedBy: 'bob', ...meta });
    const cancelledById = expect(another).rejects.toMatchObject({ code: 'OPERATION_CANCELLED' });
    await eventually(() => bench.service.load === 3, 'the third is accepted');
    expect(await bench.call('operation.get', reference, { requestedBy: 'ann' })).toMatchObject({
      operation_id: ofAnn.operation_id,
    });
    expect(await cancel(reference, 'ann')).toMatchObject({ operation_id: ofAnn.operation_id, state: 'cancelled' });
    await cancelled;
    const { operation_id } = await bench.call('operation.get', reference, { requestedBy: 'bob' });
    expect(await cancel({ operation_id }, 'eve')).toMatchObject({ method: 'compute.reboot', state: 'cancelled' });
    await cancelledById;
    clock.letGo();
    expect(await first).toMatchObject({ outcome: 'done' });
  });

  it('interrupts what runs and tells its true outcome', async () => {
    const clock = await startHeld();
    const running = bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    // Before it has reached the device, it would not have happened at all.
    await eventually(async () => (await bench.call('power.query', one)).transition === 'starting', 'it runs');
    const cancelled = bench.call('operation.cancel', { idempotency_key: 'k' });
    const isWrittenDown = async (): Promise<boolean> => {
      const [record] = await bench.opened.journal.list({ limit: 1 });
      return (
        record !== undefined &&
        (await bench.opened.journal.checkpoints(record.id)).some(({ name }) => name === 'cancel')
      );
    };
    await eventually(isWrittenDown, 'the cancel');
    clock.letGo();
    const view = await cancelled;
    // The fake device cannot take a start back, so the truth is that it happened.
    expect(view).toMatchObject({ state: 'done', result: { outcome: 'done', power_state: 'running' } });
    expect(await running).toMatchObject({ outcome: 'done' });
  });
});

describe('a restart', () => {
  it('concludes what waited and what ran, and replies late', async () => {
    const clock = await startHeld();
    const replyTo = { envelope: 'nest', address: { queue: 'q', id: '1' } };
    bench.send('compute.power_on', { ...one, idempotency_key: 'runs' }, { replyTo });
    await eventually(() => bench.statesOf(operationId()).includes('running'), 'it runs');
    bench.send('compute.pause', { ...one, idempotency_key: 'waits' }, { replyTo });
    const receipt = { ...one, idempotency_key: 'has its answer', wait: 'accepted' };
    bench.send('compute.unpause', receipt, { replyTo });
    await eventually(() => bench.service.load === 3, 'two wait');
    await bench.stop();
    clock.letGo();
    await bench.start();
    await eventually(() => bench.lateReplies.length === 2, 'both are replied to');
    expect(bench.shownLife).toEqual([1, 2].map(() => ({ to: replyTo, isOver: true })));
    expect(await bench.call('operation.get', { idempotency_key: 'runs' })).toMatchObject({
      state: 'done',
      attempts: 2,
    });
    expect(await bench.call('operation.get', { idempotency_key: 'waits' })).toMatchObject({
      state: 'done',
      attempts: 1,
    });
    expect(bench.lateReplies.map(({ to }) => to)).toEqual([replyTo, replyTo]);
    expect(bench.lateReplies[0]?.outcome).toMatchObject({ result: { outcome: 'done', power_state: 'running' } });
  });

  it('begins nothing that has waited too long', async () => {
    const clock = await startHeld({ limits: { startWithinMs: 0 } });
    bench.send('compute.power_on', { ...one, idempotency_key: 'runs' });
    await eventually(() => bench.statesOf(operationId()).includes('running'), 'it runs');
    bench.send('compute.power_off', { ...one, idempotency_key: 'waits' });
    await eventually(() => bench.service.load === 2, 'the second waits');
    await bench.stop();
    clock.letGo();
    await bench.start();
    const waited = await eventually(async () => {
      const view = await bench.call('operation.get', { idempotency_key: 'waits' });
      return view.finished_at === null ? undefined : view;
    }, 'it is over');
    expect(waited).toMatchObject({ state: 'failed', error: { code: 'DEADLINE_EXCEEDED' }, attempts: 0 });
  });

  it('lets what runs come to its end when there is time for it', async () => {
    const clock = await startHeld();
    const running = bench.call('compute.power_on', one);
    await eventually(() => bench.statesOf(operationId()).includes('running'), 'it runs');
    const stopped = bench.stop(50_000);
    clock.letGo();
    await stopped;
    expect(await running).toMatchObject({ outcome: 'done' });
  });
});

describe('reads', () => {
  it('share one backend call while it is in flight', async () => {
    await start({ read_delay_ms: 50, faults: [{ operation: 'queryPower', error: 'BACKEND_BUSY', times: 1 }] });
    const first = await Promise.allSettled([1, 2, 3].map(() => bench.call('power.query', one)));
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await bench.call('power.query', one)).toMatchObject({ state: 'off', transition: null });
  });

  it('share nothing when they ask for different machines', async () => {
    await start();
    const asked = [{ power_type: 'manual' }, { power_type: 'none' }, { machine: 'a' }, { machine: 'b' }];
    const answers = await Promise.allSettled(asked.map((machine) => bench.call('power.query', machine)));
    expect(answers).toMatchObject([
      { value: { state: 'unknown' } },
      { reason: { message: expect.stringContaining('power type none') } },
      { reason: { message: expect.stringContaining('machine a') } },
      { reason: { message: expect.stringContaining('machine b') } },
    ]);
  });

  it('do not wait for operations', async () => {
    const clock = await startHeld();
    const running = bench.call('compute.power_on', one);
    const query = () => bench.call('power.query', one);
    await eventually(async () => (await query()).transition === 'starting', 'it to be seen in the middle');
    expect(bench.statesOf(operationId()).at(-1)).toBe('running');
    clock.letGo();
    await running;
  });

  it('end when they take too long', async () => {
    await start({ read_delay_ms: 5000 }, { limits: { readTimeoutMs: 50 } });
    await expect(bench.call('power.query', one)).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT' });
  });

  it('tell of hosts, drivers and power types', async () => {
    await start();
    expect(await bench.call('host.list', {})).toEqual({
      hosts: [
        {
          name: 'site',
          driver: 'fake',
          server: 'bench',
          manage: ['*'],
          protect: [],
          maintenance: false,
          enabled: true,
        },
      ],
    });
    expect(await bench.call('host.get_info', { host: 'site' })).toMatchObject({
      driver: 'fake',
      instances: 10,
      running: 0,
    });
    expect(await bench.call('host.test', { host: 'site' })).toMatchObject({ ok: true });
    expect(await bench.call('host.retry', { host: 'site' })).toEqual({ host: 'site', rearmed: false });
    expect(await bench.call('power.query', { power_type: 'manual' })).toMatchObject({ state: 'unknown' });
    const { catalogue, drivers } = (await bench.call('features.matrix', {})) as Record<string, unknown[]>;
    expect(catalogue).toHaveLength(74);
    expect(drivers).toHaveLength(2);
    expect(await bench.call('features.driver', { driver: 'manual' })).toMatchObject({ kind: 'power' });
  });
});

/** The newest operation that events told of. */
function operationId(): string | undefined {
  const event = bench.events.findLast(({ kind }) => kind === 'operation');
  return event?.kind === 'operation' ? event.operation.operation_id : undefined;
}
