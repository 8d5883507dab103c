import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AnyVirtDriver, DriverPorts, Freshness } from '../../src/compute/contract/index.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import { ComputeBench } from '../support/compute-bench.js';

/** What the driver was given, by operation. */
let asked: Record<string, (Freshness | undefined)[]>;
let ports: Map<string, DriverPorts>;
let bench: ComputeBench;

/** The fake driver, with what it is given written down. */
const driver: AnyVirtDriver = {
  ...fakeDriver,
  open(name, settings, given) {
    ports.set(name, given);
    const host = fakeDriver.open(name, settings, given);
    const { queryPower, listInstances, getInfo } = host.operations;
    const note = (operation: string, freshness: Freshness | undefined): void => {
      (asked[operation] ??= []).push(freshness);
    };
    return {
      ...host,
      operations: {
        ...host.operations,
        queryPower: (ctx, reference, freshness) => {
          note('queryPower', freshness);
          return queryPower(ctx, reference, freshness);
        },
        listInstances: (ctx, freshness) => {
          note('listInstances', freshness);
          return listInstances(ctx, freshness);
        },
        getInfo: (ctx, reference, freshness) => {
          note('getInfo', freshness);
          if (getInfo === undefined) throw new Error('the fake driver has it');
          return getInfo(ctx, reference, freshness);
        },
      },
    };
  },
};

beforeEach(async () => {
  asked = {};
  ports = new Map();
  const host = { driver: 'fake', settings: {}, manage: undefined, protect: [], protectSelf: true };
  bench = await ComputeBench.start({
    drivers: [driver],
    hosts: [
      { ...host, name: 'one' },
      { ...host, name: 'other' },
    ],
  });
});
afterEach(() => bench.discard());

describe('max_age_ms', () => {
  it.each([
    ['power.query', { host: 'one', instance: 'instance-0001' }, 'queryPower'],
    ['compute.get_info', { host: 'one', instance: 'instance-0001' }, 'getInfo'],
    ['compute.list_instances', { host: 'one' }, 'listInstances'],
    ['power.query_many', { host: 'one' }, 'listInstances'],
  ])('of %s is for the driver, which is asked for the state of now without it', async (method, params, operation) => {
    await bench.call(method, { ...params, max_age_ms: 5000 });
    await bench.call(method, params);
    expect(asked[operation]).toEqual([{ maxAgeMs: 5000 }, { maxAgeMs: 0 }]);
  });

  it('does not let requests share an answer that is too old for one of them', async () => {
    const params = { host: 'one', instance: 'instance-0001' };
    await Promise.all([
      bench.call('power.query', { ...params, max_age_ms: 5000 }),
      bench.call('power.query', params),
      bench.call('power.query', params),
    ]);
    expect(asked['queryPower']).toHaveLength(2);
  });

  it.each([-1, 1.5, 86_400_001, 'soon'])('cannot be %j', async (maxAge) => {
    await expect(bench.call('compute.list_instances', { host: 'one', max_age_ms: maxAge })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });
});

describe('a state that a driver tells of by itself', () => {
  it('becomes an event of its host', () => {
    const observedAt = Date.now();
    const state = { powerState: 'crashed', transition: null, nativeState: 'terminated', observedAt } as const;
    ports.get('other')?.onState?.({ name: 'web 1', state });
    expect(bench.events).toEqual([
      {
        kind: 'power',
        host: 'other',
        name: 'web 1',
        state: 'off',
        data: { transition: null, native_state: 'terminated', observed_at: new Date(observedAt).toISOString() },
        at: expect.any(Number),
        place: { host: 'other', powerType: null, machine: null },
      },
    ]);
  });
});
