import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import type { VirtHost } from '../../../src/compute/contract/index.js';
import { eventually } from '../../support/eventually.js';
import { failureOf, HmcDpmBench, inventory } from './hmc-dpm-bench.js';

/** Another HMC of the same CPCs: object-ids are the same, sessions and jobs are its own. */
let second: HmcSimulator;
let bench: HmcDpmBench;
let host: VirtHost;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
  second = await HmcSimulator.start({ inventory, port: 0 });
  host = bench.open({ endpoint: [bench.simulator.url, second.url], tls: both() });
});
afterEach(async () => {
  await bench.stop();
  await second.stop();
});

const both = () => ({ verify: false });
const query = (name = 'on') => host.operations.queryPower(bench.context(), name);

describe('of redundant HMCs', () => {
  test('the first is used while it answers', async () => {
    await query();
    await query();
    expect(bench.simulator.wireLog.logons()).toBe(1);
    expect(second.wireLog.count()).toBe(0);
  });

  test('the second is used when the first is away, whoever notices, with one session', async () => {
    await query();
    await bench.simulator.stop();
    const states = await Promise.all(Array.from({ length: 30 }, () => query()));
    expect(states.every(({ powerState }) => powerState === 'running')).toBe(true);
    expect(second.wireLog.logons()).toBe(1);
    expect(second.sessionCount()).toBe(1);
  });

  test('the second is used from the start when the first does not answer then', async () => {
    await bench.simulator.stop();
    await expect(query()).resolves.toMatchObject({ powerState: 'running' });
    await expect(host.operations.testHost(bench.context())).resolves.toHaveLength(8);
  });

  test('one that sends web pages is left, and one that fails a single request is not', async () => {
    await query();
    bench.simulator.fault({ kind: 'html-error', method: 'GET', path: '*list-permitted-partitions' });
    await failureOf(query());
    expect(second.wireLog.count()).toBe(0);
    bench.simulator.fault({ kind: 'html-error', times: 'always' });
    await expect(query()).resolves.toMatchObject({ powerState: 'running' });
    expect(second.wireLog.logons()).toBe(1);
  });

  test('the one in use is stayed with when the other is back, until it fails too', async () => {
    await query();
    await bench.simulator.restart({ downMs: 300 }).then(undefined, () => undefined);
    const since = second.wireLog.last;
    await query();
    await second.stop();
    await expect(query()).resolves.toMatchObject({ powerState: 'running' });
    expect(since).toBeGreaterThanOrEqual(0);
  });

  test('none is asked to log on with what the other refused', async () => {
    bench.simulator.fault({ kind: 'logon-refused' });
    await expect(failureOf(query())).resolves.toMatchObject({ code: 'BACKEND_AUTH_FAILED' });
    expect(second.wireLog.count()).toBe(0);
  });

  test('a partition is the same target, in whatever order they are given', async () => {
    const other = bench.open({ endpoint: [second.url, bench.simulator.url], tls: both() });
    const one = bench.open();
    const targets = [host, other, one].map((each) => each.resolve(bench.context(), 'on'));
    const [first, ...more] = await Promise.all(targets);
    expect(more).toEqual([first, first]);
    expect(other.provisionalKey('new')).toBe(host.provisionalKey('new'));
  });

  test('a start whose answer is lost with its HMC is looked for at the other, and not sent again', async () => {
    const ctx = bench.context();
    const target = await host.resolve(ctx, 'off');
    bench.simulator.fault({ kind: 'answer-lost', method: 'POST', path: '*/operations/start' });
    const beginStep = ctx.beginStep.bind(ctx);
    ctx.beginStep = async (step) => {
      await beginStep(step);
      // What the CPC does shows at both.
      second.setStatus('off', 'active');
      void bench.simulator.restart({ downMs: 60_000 });
    };
    await expect(host.operations.powerOn(ctx, target, {})).resolves.toMatchObject({ state: { powerState: 'running' } });
    expect(second.wireLog.count({ method: 'POST', path: '*/operations/start' })).toBe(0);
  });

  test('a job that is lost with its HMC is decided by the status at the other', async () => {
    const ctx = bench.context();
    const job = ctx.whenLeft('job');
    const target = await host.resolve(ctx, 'off');
    const work = host.operations.powerOn(ctx, target, {});
    await job;
    await bench.simulator.stop();
    second.setStatus('off', 'active');
    await expect(work).resolves.toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(second.wireLog.count({ method: 'POST', path: '*/operations/start' })).toBe(0);
  });

  test('each has its session back at the end', async () => {
    await query();
    await second.stop();
    second = await HmcSimulator.start({ inventory, port: 0 });
    const listening = await HmcDpmBench.start({ listens: true });
    await listening.stop();
    await host.close();
    expect(bench.simulator.sessionCount()).toBe(0);
  });
});

describe('the HMC in use', () => {
  test('is the one that is listened to', async () => {
    const port = bench.simulator.stompPort;
    // The STOMP server has the same port everywhere: only that of the first is found.
    const listening = bench.open({
      endpoint: [bench.simulator.url, second.url],
      tls: both(),
      notifications: { port },
    });
    await listening.operations.queryPower(bench.context(), 'on');
    await eventually(() => bench.simulator.stompConnections() === 1, 'the connection');
    expect(second.wireLog.count()).toBe(0);
    await bench.simulator.stop();
    // Nobody asks: who listens notices, and goes to the other.
    await eventually(() => second.wireLog.count({ path: '/api/version' }) > 0, 'the other to be looked for');
    await expect(listening.operations.queryPower(bench.context(), 'on', { maxAgeMs: 60_000 })).resolves.toMatchObject({
      powerState: 'running',
    });
    expect(second.sessionCount()).toBe(1);
  });
});
