import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dyingAt } from '../../support/dying.js';
import { eventually } from '../../support/eventually.js';
import { HmcDpmBench } from './hmc-dpm-bench.js';

/** Jobs whose URI stands in an answer that nobody got. */

const START = { method: 'POST', path: '*/operations/start' } as const;

let bench: HmcDpmBench;
afterEach(async () => {
  await bench.stop();
});

/** Deletions of jobs, by their status. */
const deletions = (): number[] =>
  bench.simulator.wireLog
    .entries()
    .flatMap(({ method, path, status }) => (method === 'DELETE' && path.startsWith('/api/jobs/') ? [status ?? 0] : []));

describe('while the HMC tells of ended jobs', () => {
  beforeEach(async () => {
    bench = await HmcDpmBench.start({ listens: true });
    await bench.untilHeard();
  });

  test.each([{ kind: 'answer-lost' }, { kind: 'truncated-json' }, { kind: 'html-error', when: 'after' }] as const)(
    'one whose answer was lost is deleted once: $kind',
    async (fault) => {
      bench.simulator.fault({ ...fault, ...START });
      await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
      await eventually(() => bench.simulator.jobs().length === 0, 'the job to be deleted');
      await bench.change('powerOff', 'off');
      expect(deletions()).toEqual([204, 204]);
    },
  );

  test('one whose answer comes after its end is left to the operation that waits for it', async () => {
    bench.simulator.fault({ kind: 'slow', when: 'after', delay_ms: 600, ...START });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.count({ method: 'GET', path: '/api/jobs/*' })).toBe(1);
    expect(deletions()).toEqual([204]);
  });

  test('one that could not be written down is deleted', async () => {
    const ctx = dyingAt(bench.context(), 'job', 1, 'before');
    await expect(bench.change('powerOn', 'off', ctx)).rejects.toThrow();
    await eventually(() => bench.simulator.jobs().length === 0, 'the job to be deleted');
    expect(deletions()).toEqual([204]);
  });

  test('one that could not be deleted, again and again, is deleted later', async () => {
    bench.simulator.fault({ kind: 'unavailable', method: 'DELETE', path: '/api/jobs/*', times: 5 });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    await eventually(() => bench.simulator.jobs().length === 0, 'the job to be deleted');
    expect(deletions()).toEqual([503, 503, 503, 503, 503, 204]);
  });

  test('those of another session are never touched, though the HMC tells of them here too', async () => {
    const other = bench.open({ tls: { verify: false } });
    await expect(bench.change('powerOn', 'off', bench.context(), other)).resolves.toMatchObject({ outcome: 'done' });
    await expect(bench.change('powerOff', 'on', bench.context(), other)).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.sessionCount()).toBe(2);
    expect(deletions()).toEqual([204, 204]);
  });

  test('none is left by a session that ends meanwhile', async () => {
    bench.simulator.fault({ kind: 'answer-lost', ...START });
    await bench.change('powerOn', 'off');
    // What is told later is heard later.
    bench.simulator.setStatus('on', 'terminated');
    await eventually(() => bench.seen.some(({ name }) => name === 'on'), 'the end of the job to be heard');
    await bench.closeDrivers();
    expect(bench.simulator.jobs()).toEqual([]);
    expect(bench.simulator.sessionCount()).toBe(0);
  });
});

test('where the HMC tells nothing, one whose answer was lost stays', async () => {
  bench = await HmcDpmBench.start();
  bench.simulator.fault({ kind: 'answer-lost', ...START });
  await bench.change('powerOn', 'off');
  await bench.closeDrivers();
  expect(bench.simulator.jobs()).toHaveLength(1);
});
