import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/common/secret.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

let bench: HmcDpmBench;
beforeAll(async () => {
  bench = await HmcDpmBench.start();
});
afterAll(async () => {
  await bench.stop();
});

describe('a partition is found', () => {
  test.each(['db.prod', 'db-prod', 'DB.prod', 'app @ test', 'odd\\E.*\\Q (a+b)'])(
    'by its exact name: %s',
    async (name) => {
      const target = await bench.host.resolve(bench.context(), name);
      expect(target.name).toBe(name);
      const [view] = bench.simulator.partitions(name);
      expect(view?.uri).toBe(`/api/partitions/${target.id}`);
    },
  );

  test('by its object-id, and then it is the same target', async () => {
    const byName = await bench.host.resolve(bench.context(), 'on');
    await expect(bench.host.resolve(bench.context(), byName.id)).resolves.toEqual(byName);
    await expect(bench.host.operations.queryPower(bench.context(), byName.id)).resolves.toMatchObject({
      powerState: 'running',
    });
  });

  test('on its own CPC only, by name and by id', async () => {
    const other = bench.open({ cpc: 'CPC2' });
    const [one, two] = await Promise.all([
      bench.host.resolve(bench.context(), 'LPAR1'),
      other.resolve(bench.context(), 'LPAR1'),
    ]);
    expect(one.key).not.toBe(two.key);
    const failure = await failureOf(other.resolve(bench.context(), one.id));
    expect(failure.code).toBe('INSTANCE_NOT_FOUND');
  });

  test('under a key that does not depend on the way to it', async () => {
    const target = await bench.host.resolve(bench.context(), 'on');
    const machine = bench.machine({ power_partition_name: 'on' });
    await expect(machine.resolve(bench.context())).resolves.toEqual(target);
    expect(target.key).toMatch(/^hmc-dpm:[0-9a-f-]{36}:[0-9a-f-]{36}$/);
    expect(bench.host.provisionalKey('on')).toBe(machine.provisionalKey());
  });
});

describe('a partition is not found', () => {
  test.each(['nobody', 'ON', '.*', 'o.', 'db_prod', '', ' on'])('by %j', async (name) => {
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(bench.host.resolve(bench.context(), name));
    expect(failure).toMatchObject({ code: 'INSTANCE_NOT_FOUND', outcome: 'not-started' });
    expect(failure.message).toMatch(/object access permission/);
    expect(bench.requests(since).filter((line) => !line.includes('session'))).toHaveLength(2);
  });

  test('on a CPC that does not exist: the visible ones are named', async () => {
    const failure = await failureOf(bench.open({ cpc: 'cpc1' }).resolve(bench.context(), 'on'));
    expect(failure).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      details: { cpc: 'cpc1', visible_cpcs: ['CPC1', 'CPC2', 'CPC3', 'CPC4'] },
    });
  });

  test('on a CPC in classic mode that has no such LPAR', async () => {
    const failure = await failureOf(bench.open({ cpc: 'CPC3' }).operations.queryPower(bench.context(), 'PROD2'));
    expect(failure).toMatchObject({ code: 'INSTANCE_NOT_FOUND', details: { reference: 'PROD2' } });
    expect(failure.message).toMatch(/on CPC CPC3/);
  });

  test('by a user who may not see it', async () => {
    const tenant = { userid: 'tenant', password: new Secret('secret-of-tenant') };
    const onOther = await failureOf(bench.open(tenant).resolve(bench.context(), 'on'));
    expect(onOther).toMatchObject({ code: 'RESOURCE_NOT_FOUND', details: { visible_cpcs: ['CPC2'] } });
    const host = bench.open({ ...tenant, cpc: 'CPC2' });
    await expect(host.resolve(bench.context(), 'LPAR1')).resolves.toMatchObject({ name: 'LPAR1' });
    await expect(failureOf(host.resolve(bench.context(), 'g001'))).resolves.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
  });
});

describe('hmcz', () => {
  test('refuses a name that several CPCs have, and names the candidates', async () => {
    const failure = await failureOf(bench.machine({ power_partition_name: 'LPAR1' }).resolve(bench.context()));
    expect(failure.code).toBe('AMBIGUOUS');
    expect(failure.details['candidates']).toMatchObject([
      { name: 'LPAR1', cpc: 'CPC1' },
      { name: 'LPAR1', cpc: 'CPC2' },
    ]);
  });

  test('tells what CPCs there are when there is no such partition', async () => {
    const failure = await failureOf(bench.machine({ power_partition_name: 'PROD2' }).resolve(bench.context()));
    expect(failure.code).toBe('INSTANCE_NOT_FOUND');
    expect(failure.message).toMatch(/CPC3 \(classic mode\)/);
  });
});
