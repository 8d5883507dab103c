import { afterEach, describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../src/common/errors/index.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import type { Journal } from '../../src/journal/journal.port.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS, HeldClock } from '../support/held-clock.js';

let bench: ComputeBench;
afterEach(() => bench.discard());

async function start(settings: object = {}, options: Partial<ComputeBenchOptions> = {}): Promise<void> {
  const host = { name: 'site', driver: 'fake', settings, manage: ['instance-*'], protect: ['instance-0009'] };
  bench = await ComputeBench.start({ drivers: [fakeDriver], hosts: [{ ...host, protectSelf: true }], ...options });
}

const one = { host: 'site', instance: 'instance-0001' };
const events = (): string[] =>
  bench.audited.map(({ event, outcome, code }) => [event, outcome ?? code].join(' ').trim());

describe('the audit of a change', () => {
  it('is one line when it is accepted and one when it has ended', async () => {
    await start();
    const answer = await bench.call('compute.power_on', { ...one, idempotency_key: 'k' }, { correlationId: 'c' });
    const all = {
      requestedBy: 'tester',
      method: 'compute.power_on',
      driver: 'fake',
      host: 'site',
      name: 'instance-0001',
      target: expect.stringMatching(/^fake:/),
      operationId: answer.operation_id,
      idempotencyKey: 'k',
      correlationId: 'c',
    };
    expect(bench.audited).toEqual([
      { ...all, event: 'accepted', outcome: null, code: null },
      { ...all, event: 'ended', outcome: 'done', code: null },
    ]);
  });

  it('tells failures, repeats, and the like', async () => {
    await start({ faults: [{ operation: 'powerOff', error: 'BACKEND_REJECTED', times: 1 }] });
    await bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    await bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    await bench.call('compute.power_on', one);
    await expect(bench.call('compute.power_off', one)).rejects.toThrow();
    await expect(bench.call('compute.power_off', { ...one, idempotency_key: 'k' })).rejects.toThrow();
    await bench.call('compute.power_off', { ...one, plan: true });
    await bench.call('compute.get_info', one);
    expect(events()).toEqual([
      'accepted',
      'ended done',
      'repeated done',
      'accepted',
      'ended already',
      'accepted',
      'ended failed',
      'refused DUPLICATE_OPERATION',
    ]);
    expect(bench.audited[6]).toMatchObject({ code: 'BACKEND_REJECTED' });
  });

  it('tells what was not taken', async () => {
    await start();
    const refused = (params: object) => expect(bench.call('compute.power_on', params)).rejects.toThrow();
    await refused({ host: 'site', instance: 'instance-0009' });
    await refused({ host: 'site', instance: 'none' });
    await refused({ host: 'elsewhere', instance: 'x' });
    await refused({ host: 'site' });
    await refused({ ...one, not_after: '2020-01-01T00:00:00Z' });
    await expect(bench.call('compute.get_info', { host: 'elsewhere', instance: 'x' })).rejects.toThrow();
    expect(events()).toEqual([
      'refused FORBIDDEN',
      'refused INSTANCE_NOT_FOUND',
      'refused RESOURCE_NOT_FOUND',
      'refused REQUEST_INVALID',
      'refused DEADLINE_EXCEEDED',
    ]);
    expect(bench.audited[0]).toMatchObject({ name: 'instance-0009', target: expect.stringMatching(/^fake:/) });
    expect(bench.audited[3]).toMatchObject({ name: null, requestedBy: 'tester' });
  });

  it('has a line for who carries it on when the process dies in between', async () => {
    const clock = new HeldClock();
    await start({ change_delay_ms: HELD_MS }, { clock });
    bench.send('compute.power_on', one);
    await eventually(() => bench.service.load === 1, 'it is accepted');
    await bench.stop();
    clock.letGo();
    await bench.start();
    await eventually(() => events().length === 3, 'it has ended');
    expect(events()).toEqual(['accepted', 'taken_up', expect.stringMatching(/^ended /)]);
    await bench.stop();
    await bench.start();
    expect(events()).toHaveLength(3);
  });

  it.each([
    ['the process dies', true],
    ['the database loses its answer', false],
  ])('begins with who takes it up when %s before the acceptance is told', async (_why, dies) => {
    let isLosing = true;
    const journal = (real: Journal): Journal =>
      new Proxy(real, {
        get: (target, name: keyof Journal) => {
          const method = target[name] as (...args: unknown[]) => Promise<unknown>;
          return async (...args: unknown[]) => {
            const answer = await method.apply(target, args);
            if (name === 'accept' && isLosing) throw new ComputeError('JOURNAL_UNAVAILABLE', 'its answer is lost');
            return answer;
          };
        },
      });
    await start({}, { journal, limits: { leaseMs: dies ? 30_000 : 6000 } });
    const request = bench.call('compute.power_on', { ...one, idempotency_key: 'k' }, { correlationId: 'c' });
    await expect(request).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    isLosing = false;
    if (dies) {
      await bench.stop();
      await bench.start();
    }
    await eventually(() => events().includes('ended done'), 'it has ended');
    expect(events()).toEqual(['taken_up', 'ended done']);
    const { operation_id: operationId } = await bench.call('operation.get', { idempotency_key: 'k' });
    expect(bench.audited[0]).toEqual({
      event: 'taken_up',
      requestedBy: 'tester',
      method: 'compute.power_on',
      driver: 'fake',
      host: 'site',
      name: 'instance-0001',
      target: expect.stringMatching(/^fake:/),
      operationId,
      idempotencyKey: 'k',
      correlationId: 'c',
      outcome: null,
      code: null,
    });
  });
});

describe('the audit of what acts at once', () => {
  it('tells who asked for it', async () => {
    await start();
    await bench.call('host.retry', { host: 'site' }, { requestedBy: 'ann' });
    const { operation_id: id } = await bench.call('compute.power_on', one, { requestedBy: 'bob' });
    const cancel = bench.call('operation.cancel', { operation_id: id }, { requestedBy: 'ann' });
    await expect(cancel).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(bench.audited).toMatchObject([
      { event: 'control', method: 'host.retry', requestedBy: 'ann', host: 'site' },
      { event: 'accepted' },
      { event: 'ended' },
      { event: 'control', method: 'operation.cancel', requestedBy: 'ann', name: 'instance-0001', outcome: 'done' },
      { event: 'refused', method: 'operation.cancel', requestedBy: 'ann', code: 'STATE_CONFLICT' },
    ]);
  });
});
