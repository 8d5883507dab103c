import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HELD_MS, HeldClock } from '../support/held-clock.js';
import { EstateBench, inState, instancesOf, seen } from './estate-bench.js';

let estate: EstateBench;
beforeAll(async () => {
  estate = await EstateBench.make();
});
afterEach(() => estate.clear());
afterAll(() => estate.remove());

const guest = { host: 'one', instance: 'guest' };
const off = { ...guest, preempt: true, idempotency_key: 'off' };
const busy = { names: ['guest'], busy: ['*'] };
const isAt75 = ({ progress }: Record<string, unknown>): boolean =>
  (progress as { percent: number } | null)?.percent === 75;

describe('power.off with preempt', () => {
  it('cancels what runs and what waits before it', async () => {
    const worker = await estate.worker(busy);
    worker.send('compute.live_migrate', { ...guest, destination: 'two', idempotency_key: 'runs' });
    await seen(worker, 'runs', isAt75, 'busy');
    worker.send('compute.reboot', { ...guest, idempotency_key: 'waits' });
    await inState(worker, 'waits', 'accepted');
    expect(await worker.call('power.off', off)).toMatchObject({ outcome: 'done', state: 'off' });
    expect(await inState(worker, 'runs', 'cancelled')).toMatchObject({ error: { outcome: 'not-applied' } });
    expect(await inState(worker, 'waits', 'cancelled')).toMatchObject({
      error: { outcome: 'not-started' },
      attempts: 0,
    });
    expect(await instancesOf(worker, 'one')).toEqual(['guest shutdown']);
  });

  it('waits its turn without it', async () => {
    const worker = await estate.worker(busy);
    worker.send('compute.live_migrate', { ...guest, destination: 'two', idempotency_key: 'runs' });
    await seen(worker, 'runs', isAt75, 'busy');
    worker.send('power.off', { ...off, preempt: false });
    await inState(worker, 'off', 'accepted');
    expect(await worker.call('operation.get', { idempotency_key: 'runs' })).toMatchObject({ state: 'running' });
    await worker.call('compute.live_migration_abort', guest);
    await inState(worker, 'off', 'done');
  });

  it('leaves what comes after it alone', async () => {
    const clock = new HeldClock();
    const worker = await estate.worker({ names: ['guest'], change_delay_ms: HELD_MS }, { clock });
    worker.send('compute.pause', { ...guest, idempotency_key: 'runs' });
    await inState(worker, 'runs', 'running');
    expect(await worker.call('power.off', { ...off, wait: 'accepted' })).toMatchObject({ outcome: 'accepted' });
    worker.send('compute.power_on', { ...guest, idempotency_key: 'after' });
    await inState(worker, 'after', 'accepted');
    clock.letGo();
    // The fake device does not take a pause back: it is over before the next begins.
    await inState(worker, 'off', 'done');
    expect(await inState(worker, 'after', 'done')).toMatchObject({
      result: { outcome: 'done', power_state: 'running' },
    });
  });

  it('reaches what another worker has', async () => {
    const a = await estate.worker(busy);
    const b = await estate.worker(busy);
    a.send('compute.live_migrate', { ...guest, destination: 'two', idempotency_key: 'runs' });
    await seen(b, 'runs', isAt75OnEither, 'running');
    a.send('compute.reboot', { ...guest, idempotency_key: 'waits' });
    await inState(b, 'waits', 'accepted');
    expect(await b.call('power.off', off)).toMatchObject({ outcome: 'done', state: 'off' });
    await inState(b, 'runs', 'cancelled');
    await inState(b, 'waits', 'cancelled');
  });

  it('cancels what is before it on its true target, when it could only be named at first', async () => {
    const faults = [{ operation: 'resolve', instance: 'guest', error: 'BACKEND_UNREACHABLE', times: 1 }];
    const worker = await estate.worker({ ...busy, faults });
    const { id } = await worker.call('compute.get_info', guest);
    const byId = { host: 'one', instance: id };
    worker.send('compute.live_migrate', { ...byId, destination: 'two', idempotency_key: 'runs' });
    await seen(worker, 'runs', isAt75, 'busy');
    worker.send('compute.reboot', { ...byId, idempotency_key: 'waits' });
    await inState(worker, 'waits', 'accepted');
    const answer = await worker.call('power.off', off);
    expect(answer).toMatchObject({ outcome: 'done', state: 'off' });
    expect(await inState(worker, 'off', 'done')).toMatchObject({ attempts: 2 });
    await inState(worker, 'runs', 'cancelled');
    await inState(worker, 'waits', 'cancelled');
  });

  it('is a matter of switching off and of resetting only', async () => {
    const worker = await estate.worker(busy);
    await expect(worker.call('power.on', off)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(worker.call('power.reset', off)).resolves.toMatchObject({ outcome: 'done', state: 'on' });
  });
});

/** Only the worker that has an operation tells how far it is. */
function isAt75OnEither({ state }: Record<string, unknown>): boolean {
  return state === 'running';
}
