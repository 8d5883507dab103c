import { afterEach, describe, expect, it } from '@jest/globals';
import { POWER_TYPES, VIRT_DRIVERS } from '../../../src/drivers/driver-registry.js';
import { ComputeBench } from '../../support/compute-bench.js';
import type { CallerRule } from '../../../src/common/caller-rule.js';

let bench: ComputeBench | undefined;
afterEach(async () => {
  await bench?.discard();
  bench = undefined;
});

const host = (name: string) => ({
  name,
  driver: 'fake',
  settings: { instances: 1 },
  manage: ['*'],
  protect: [],
  protectSelf: false,
});

/** Something happens on both hosts. */
async function run(rules?: readonly CallerRule[]): Promise<ComputeBench> {
  bench = await ComputeBench.start({
    drivers: VIRT_DRIVERS,
    powerTypes: POWER_TYPES,
    hosts: [host('mine'), host('other')],
    ...(rules === undefined ? {} : { rules }),
  });
  for (const name of ['mine', 'other']) {
    await bench.call('power.on', { host: name, instance: 'instance-0001' }, { requestedBy: 'admin' });
  }
  return bench;
}

const rule = (callers: string[], methods: string[], hosts?: string[]): CallerRule => ({
  callers,
  methods,
  hosts,
  powerTypes: undefined,
  action: 'allow',
});

describe('who may know of an event', () => {
  it('is everybody without rules', async () => {
    const { service, events } = await run();
    expect(events.length).toBeGreaterThan(3);
    expect(events.every((event) => service.sees('anybody', event))).toBe(true);
  });

  it('is whom operation.list would show it', async () => {
    const { service, events } = await run([rule(['admin'], ['*']), rule(['http:page'], ['operation.list'], ['mine'])]);
    const hostOf = (event: (typeof events)[number]) => (event.kind === 'power' ? event.host : event.operation.host);
    const seen = events.filter((event) => service.sees('http:page', event));
    expect(new Set(seen.map(({ kind }) => kind))).toEqual(new Set(['operation', 'power']));
    expect(new Set(seen.map(hostOf))).toEqual(new Set(['mine']));
    expect(events.some((event) => service.sees('anonymous', event))).toBe(false);
    expect(events.every((event) => service.sees('admin', event))).toBe(true);
  });

  it('is nobody, under rules, of what does not say where it happened', async () => {
    const { service } = await run([rule(['admin'], ['*'])]);
    expect(service.sees('admin', { kind: 'power', host: 'mine', name: 'x', state: 'on', data: {}, at: 0 })).toBe(false);
  });
});
