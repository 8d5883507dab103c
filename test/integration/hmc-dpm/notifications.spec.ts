import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/common/clock.js';
import { eventually } from '../../support/eventually.js';
import { asLine, HmcDpmBench } from './hmc-dpm-bench.js';

const LIST = 'GET /api/console/operations/list-permitted-partitions';
const ANY_AGE = { maxAgeMs: 60_000 };

let bench: HmcDpmBench;
beforeEach(async () => {
  // Real time: how often something is looked at by itself, while the HMC tells of it, is part of what is counted.
  bench = await HmcDpmBench.start({ listens: true, clock: systemClock });
});
afterEach(async () => {
  await bench.stop();
});

/** Requests that `work` causes. */
async function requests(work: () => Promise<unknown> | undefined): Promise<string[]> {
  const since = bench.simulator.wireLog.last;
  await work();
  return bench.simulator.wireLog.entries({ since }).map(asLine);
}

const query = (name = 'on', freshness = ANY_AGE) => bench.host.operations.queryPower(bench.context(), name, freshness);

/** Resolves once states are answered without a request. */
async function isListening(count = 1): Promise<void> {
  await bench.untilHeard();
  // One that was lost may still be on its way out.
  await eventually(() => bench.simulator.stompConnections() === count, `${count} connection`);
}

describe('while the HMC tells of changes', () => {
  test('no state needs a request when the caller can do with what is known', async () => {
    await isListening();
    const { operations } = bench.host;
    const ctx = bench.context();
    const all = await requests(async () => {
      await expect(operations.queryPower(ctx, 'on', ANY_AGE)).resolves.toMatchObject({ powerState: 'running' });
      await expect(operations.queryPower(ctx, bench.idOf('off'), ANY_AGE)).resolves.toMatchObject({
        powerState: 'shutdown',
      });
      await expect(operations.getInfo?.(ctx, 'db.prod', ANY_AGE)).resolves.toMatchObject({ name: 'db.prod' });
      await expect(operations.listInstances(ctx, ANY_AGE)).resolves.toHaveLength(22);
    });
    expect(all).toEqual([]);
  });

  test('what is known is the same as what is asked for', async () => {
    await isListening();
    const { operations } = bench.host;
    const known = await operations.getInfo?.(bench.context(), 'on', ANY_AGE);
    const asked = await operations.getInfo?.(bench.context(), 'on');
    expect({ ...known, state: null }).toEqual({ ...asked, state: null });
    const listed = await operations.listInstances(bench.context(), ANY_AGE);
    const namesOf = (instances: typeof listed) => instances.map(({ name, id }) => `${name} ${id}`).toSorted();
    expect(namesOf(listed)).toEqual(namesOf(await operations.listInstances(bench.context())));
  });

  test('it is asked all the same when the caller wants to know now, or more recently than it was heard', async () => {
    await isListening();
    await expect(requests(() => bench.host.operations.queryPower(bench.context(), 'on'))).resolves.toEqual([LIST]);
    await expect(requests(() => query('on', { maxAgeMs: 0 }))).resolves.toEqual([LIST]);
  });

  test('what it does not know is asked for', async () => {
    await isListening();
    await expect(requests(() => query('nobody').catch(() => undefined))).resolves.toEqual([LIST, 'GET /api/cpcs']);
  });

  test('the time of a state is when the HMC was last heard', async () => {
    await isListening();
    const before = Date.now();
    const { observedAt } = await query();
    expect(observedAt).toBeLessThanOrEqual(Date.now());
    expect(observedAt).toBeGreaterThan(before - 15_000);
    const later = await query();
    // Two clocks are read for it, each in whole milliseconds.
    expect(later.observedAt).toBeGreaterThanOrEqual(observedAt - 2);
  });

  test('changes of status, name and properties arrive by themselves', async () => {
    await isListening();
    bench.simulator.setStatus('on', 'terminated');
    await eventually(async () => (await query()).powerState === 'crashed', 'the status to be known');
    await bench.rename('off', 'renamed');
    const known = () => bench.host.operations.listInstances(bench.context(), ANY_AGE);
    await eventually(async () => (await known()).some(({ name }) => name === 'renamed'), 'the name to be known');
    await expect(requests(() => query('renamed'))).resolves.toEqual([]);
  });

  test('one connection serves all hosts of the session, and it ends with them', async () => {
    const other = bench.open({ cpc: 'CPC2' });
    await isListening();
    const listed = await requests(() => other.operations.listInstances(bench.context(), ANY_AGE));
    expect(listed).toEqual([]);
    await bench.host.close();
    await expect(requests(() => other.operations.listInstances(bench.context(), ANY_AGE))).resolves.toEqual([]);
    await other.close();
    expect(bench.simulator.sessionCount()).toBe(0);
    await eventually(() => bench.simulator.stompConnections() === 0, 'the connection to end');
  });

  test('states that others bring partitions to are told, of each host its own', async () => {
    await isListening();
    bench.open({ cpc: 'CPC2' });
    bench.simulator.setStatus('on', 'terminated');
    bench.simulator.setStatus('g001', 'active');
    await eventually(() => bench.seen.length >= 2, 'the states to be told');
    expect(bench.seen.map(({ name, state }) => [name, state.powerState])).toEqual([
      ['on', 'crashed'],
      ['g001', 'running'],
    ]);
  });
});

describe('operations', () => {
  test('a power-on takes six requests altogether, and each end is told once', async () => {
    await isListening();
    await expect(requests(() => bench.change('powerOn', 'off'))).resolves.toEqual([
      LIST,
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/start',
      'GET /api/jobs/{id}',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
    ]);
    await eventually(() => bench.seen.at(-1)?.state.powerState === 'running', 'the last state to be told');
    expect(bench.seen.map(({ state }) => state.nativeState)).toEqual(['starting', 'paused', 'active']);
  });

  test('a power-off and a reboot wait for what the HMC tells, too', async () => {
    await isListening();
    await expect(requests(() => bench.change('powerOff', 'on'))).resolves.toHaveLength(6);
    await expect(requests(() => bench.change('reboot', 'db.prod'))).resolves.toHaveLength(10);
  });

  test('what the HMC does not tell is looked for', async () => {
    await bench.stop();
    bench = await HmcDpmBench.start({ listens: true });
    bench.simulator.fault({ kind: 'notification-lost', times: 'always' });
    await isListening();
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    await expect(bench.change('powerOff', 'off')).resolves.toMatchObject({ outcome: 'done' });
  });

  test('a cancelled job is known by its notification', async () => {
    await isListening();
    bench.simulator.fault({ kind: 'job-cancelled', partition: 'off' });
    await expect(bench.change('powerOn', 'off')).rejects.toMatchObject({ code: 'OPERATION_FAILED' });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });
});

describe('what is known is not relied upon', () => {
  test('when a notification was missed, until everything was listed anew', async () => {
    await isListening();
    bench.simulator.fault({ kind: 'notification-lost', times: 1 });
    bench.simulator.setStatus('on', 'terminated');
    const since = bench.simulator.wireLog.last;
    bench.simulator.setStatus('off', 'active');
    await eventually(async () => (await query()).powerState === 'crashed', 'the missed status to be known');
    await eventually(async () => (await requests(() => query())).length === 0, 'what is known to be relied upon');
    expect(bench.simulator.wireLog.count({ since, path: '*list-permitted-partitions' })).toBeGreaterThan(0);
    expect(bench.seen.map(({ name }) => name).toSorted()).toEqual(['off', 'on']);
  });

  test('when the connection is lost, until it is back', async () => {
    await bench.stop();
    bench = await HmcDpmBench.start({ listens: true });
    await isListening();
    const refused = bench.simulator.fault({ kind: 'stomp-refused', times: 'always' });
    bench.simulator.dropStompConnections();
    await eventually(() => bench.simulator.stompConnections() === 0, 'the connection to be lost');
    await eventually(async () => (await requests(() => query())).length > 0, 'the HMC to be asked');
    bench.simulator.setStatus('on', 'terminated');
    await expect(query()).resolves.toMatchObject({ powerState: 'crashed' });
    bench.simulator.faults.remove(refused);
    await eventually(async () => (await requests(() => query())).length === 0, 'the connection to be back');
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('when the HMC has restarted, until there is a new session with its topics', async () => {
    await isListening();
    await bench.simulator.restart({ downMs: 200 });
    // Nobody asks: the session is made anew by whoever listens.
    await eventually(() => bench.simulator.stompConnections() === 1, 'the connection to be back');
    await isListening();
    bench.simulator.setStatus('on', 'terminated');
    await eventually(async () => (await query()).powerState === 'crashed', 'the status to be known');
    expect(bench.simulator.wireLog.logons()).toBe(2);
    expect(bench.simulator.sessionCount()).toBe(1);
  });

  test('when the session was lost and somebody has logged on anew', async () => {
    await isListening();
    bench.simulator.dropSessions();
    await query('on', { maxAgeMs: 0 });
    await isListening();
    expect(bench.simulator.sessionCount()).toBe(1);
  });

  test('when a job is awaited and the HMC is lost meanwhile', async () => {
    await isListening();
    const ctx = bench.context();
    const job = ctx.whenLeft('job');
    const work = bench.change('powerOn', 'off', ctx);
    await job;
    await bench.simulator.restart({ downMs: 100 });
    await expect(work).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
  });
});

describe('an HMC that sends no notifications', () => {
  test('is asked, without a word but one', async () => {
    const quiet = bench.open({ notifications: { port: 1 }, userid: 'zenova' });
    await quiet.operations.listInstances(bench.context());
    await quiet.close();
    const off = bench.open({ notifications: { enabled: false } });
    await isListening();
    await expect(requests(() => off.operations.queryPower(bench.context(), 'on', ANY_AGE))).resolves.toEqual([LIST]);
  });
});
