import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PowerMachine } from '../../../src/compute/contract/index.js';
import { hmczPower } from '../../../src/drivers/hmc-dpm/index.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';
import { NETWORK } from './launch-bench.js';

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

async function change(machine: PowerMachine, verb: 'powerOn' | 'powerOff' | 'cycle') {
  const ctx = bench.context();
  const run = machine.verbs[verb];
  if (run === undefined) throw new Error(`no ${verb}`);
  return await run(ctx, await machine.resolve(ctx), {});
}

/** The bench has CPCs in both modes. */
const LISTS = [
  'GET /api/console/operations/list-permitted-partitions',
  'GET /api/console/operations/list-permitted-logical-partitions',
];

describe('hmcz', () => {
  test('switches on, cycles, switches off and tells the state', async () => {
    const machine = bench.machine();
    await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({ powerState: 'shutdown' });
    await expect(change(machine, 'powerOn')).resolves.toMatchObject({ outcome: 'done' });
    await expect(change(machine, 'powerOn')).resolves.toMatchObject({ outcome: 'already' });
    await expect(change(machine, 'cycle')).resolves.toMatchObject({ outcome: 'done' });
    await expect(change(machine, 'powerOff')).resolves.toMatchObject({ outcome: 'done' });
    await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({ nativeState: 'stopped' });
    expect(bench.simulator.wireLog.starts('off')).toBe(2);
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('asks for the state in one request of each mode that there is, on a held session', async () => {
    const machine = bench.machine();
    await machine.verbs.queryPower?.(bench.context());
    const since = bench.simulator.wireLog.last;
    await machine.verbs.queryPower?.(bench.context());
    expect(bench.requests(since)).toEqual(LISTS);
  });

  test('tells of all partitions of all CPCs in one request of each mode for each session', async () => {
    await bench.machine().verbs.queryPower?.(bench.context());
    const since = bench.simulator.wireLog.last;
    const states = await bench.queryMany(['off', 'on', 'g001', 'LPAR1', 'none', 'starting', bench.idOf('paused')]);
    expect(states).toMatchObject([
      { powerState: 'shutdown' },
      { powerState: 'running' },
      { powerState: 'shutdown' },
      { code: 'AMBIGUOUS' },
      { code: 'INSTANCE_NOT_FOUND' },
      { powerState: 'nostate', transition: 'starting' },
      { nativeState: 'paused' },
    ]);
    expect(bench.requests(since)).toEqual(LISTS);
  });

  test('lists what is behind the HMC in three requests, each so that it is found alone', async () => {
    await bench.changeWith('attachInterface', 'off', { network: { name: NETWORK, mac: '02:00:00:00:00:01' } });
    await bench.changeWith('attachInterface', 'db.prod', { network: { name: NETWORK } });
    await bench.probe();
    const since = bench.simulator.wireLog.last;
    const found = await bench.probe();
    // The two lists are asked for at the same time.
    expect(bench.requests(since).toSorted()).toEqual([...LISTS.toSorted(), 'POST /api/services/aggregation/submit']);
    expect(found).toHaveLength(bench.simulator.partitions().length + 1);
    expect(found.find(({ name }) => name === 'off')).toMatchObject({
      parameters: { power_partition_name: 'off' },
      macs: ['02:00:00:00:00:01'],
      architecture: 's390x',
      state: { powerState: 'shutdown' },
      native: { cpc: 'CPC1' },
    });
    const twins = found.filter(({ name }) => name === 'LPAR1');
    expect(twins.map(({ native }) => native['cpc'])).toEqual(['CPC1', 'CPC2']);
    expect(new Set(twins.map(({ parameters }) => parameters['power_partition_name'])).size).toBe(2);
    expect(found.find(({ name }) => name === 'PROD1')).toMatchObject({ macs: [], native: { cpc: 'CPC3' } });
    const some = await bench.probe((name) => name.startsWith('db'));
    expect(some.map(({ name }) => name).toSorted()).toEqual(['db-prod', 'db.prod']);
  });

  test('lists the same of an HMC whose lists have names only', async () => {
    await bench.stop();
    bench = await HmcDpmBench.start({ inventory: { hmc: { api_version: '3.4' } } });
    await bench.changeWith('attachInterface', 'off', { network: { name: NETWORK, mac: '02:00:00:00:00:01' } });
    const found = await bench.probe();
    expect(found.find(({ name }) => name === 'off')).toMatchObject({ macs: ['02:00:00:00:00:01'] });
  });

  test('waits once for an HMC that is away, whatever the credentials', async () => {
    await bench.simulator.stop();
    const states = await bench.queryMany(['off', 'on'], [{}, { power_user: 'tenant' }]);
    expect(states).toMatchObject([{ code: 'BACKEND_UNREACHABLE' }, { code: 'BACKEND_UNREACHABLE' }]);
    expect(states[0]).toBe(states[1]);
  });

  test('plans and reconciles a cycle', async () => {
    const machine = bench.machine({ power_partition_name: 'on' });
    const target = await machine.resolve(bench.context());
    const steps = await machine.plan(bench.context(), 'cycle', target, {});
    expect(steps.map(({ action }) => action)).toEqual(['stop', 'start']);
    await expect(machine.reconcile(bench.context(), 'cycle', target, {})).resolves.toEqual({ verdict: 'continue' });
  });

  test('verifies the certificate unless told not to', async () => {
    const failure = await failureOf(bench.machine({ power_verify_ssl: 'y' }).resolve(bench.context()));
    expect(failure.code).toBe('TLS_UNTRUSTED');
    expect(bench.simulator.wireLog.count()).toBe(0);
  });

  test('takes the address in any form, and says nothing secret of a machine', () => {
    const { port } = bench.simulator;
    for (const power_address of [`https://127.0.0.1:${port}`, `127.0.0.1:${port}`, `https://127.0.0.1:${port}/`]) {
      expect(bench.machine({ power_address }).label).toBe(`hmcz 127.0.0.1:${port} off`);
    }
    expect(JSON.stringify(bench.machine())).not.toContain('secret-of');
  });

  test('wants its own parameters and no others', () => {
    const names = hmczPower.parameters.map(({ name }) => name);
    expect(names).toEqual(['power_address', 'power_user', 'power_pass', 'power_partition_name', 'power_verify_ssl']);
    const full = { power_address: 'hmc1', power_user: 'u', power_pass: 'p', power_partition_name: 'n' };
    expect(hmczPower.schema.safeParse(full).success).toBe(true);
    expect(hmczPower.schema.safeParse({ ...full, power_port: 1 }).success).toBe(false);
    expect(hmczPower.schema.safeParse({ ...full, power_verify_ssl: 'yes' }).success).toBe(false);
    for (const name of names.slice(0, 4)) {
      expect(hmczPower.schema.safeParse({ ...full, [name]: undefined }).success).toBe(false);
    }
  });
});
