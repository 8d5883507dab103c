import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { METHODS, METHOD_NAMES, type MethodName } from '../../src/compute/contract/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { ComputeBench } from '../support/compute-bench.js';

let bench: ComputeBench;
beforeAll(async () => {
  bench = await ComputeBench.start({
    drivers: VIRT_DRIVERS,
    powerTypes: POWER_TYPES,
    hosts: [
      { name: 'site', driver: 'fake', settings: {}, manage: undefined, protect: ['instance-0009'], protectSelf: true },
      { name: 'other', driver: 'fake', settings: { instances: 0 }, manage: undefined, protect: [], protectSelf: true },
    ],
  });
});
afterAll(() => bench.discard());

const one = { host: 'site', instance: 'instance-0001' };
const two = { host: 'site', instance: 'instance-0002' };
/** A machine whose controller does not answer: nobody listens on the discard port. */
const hook = 'http://127.0.0.1:9/machine';
const unreachable = {
  power_type: 'webhook',
  power_parameters: { power_on_uri: hook, power_off_uri: hook, power_query_uri: hook },
};
/** Requests that succeed one after the other. */
const REQUESTS: readonly (readonly [MethodName, object])[] = [
  ['compute.power_on', { ...one, plan: true }],
  ['compute.power_on', { ...one, wait: 'accepted', idempotency_key: 'accepted' }],
  ['compute.power_on', one],
  ['compute.pause', one],
  ['compute.unpause', one],
  ['compute.suspend', one],
  ['compute.resume', one],
  ['compute.reboot', one],
  ['compute.get_info', one],
  ['compute.list_instances', { host: 'site' }],
  ['compute.power_off', one],
  ['power.on', { ...one, plan: true }],
  ['power.on', one],
  ['power.on', two],
  ['power.cycle', one],
  ['power.off', one],
  ['power.query', one],
  ['power.query', { power_type: 'manual' }],
  ['power.query_many', {}],
  ['power.query_many', { host: 'site' }],
  ['compute.live_migrate', { ...two, destination: 'other', plan: true }],
  ['compute.live_migrate', { ...two, destination: 'other' }],
  ['compute.evacuate', { ...two, host: 'other', destination: 'site' }],
  ['compute.evacuate', { host: 'other', destination: 'site' }],
  ['machine.register', { machine: 'm1', power_type: 'manual', plan: true }],
  ['machine.register', { machine: 'm1', power_type: 'manual' }],
  ['machine.register', { machine: 'm2', ...unreachable }],
  ['machine.update', { machine: 'm1', power_type: 'manual' }],
  ['machine.update', { machine: 'm1', ...unreachable, skip_check: true }],
  ['machine.get', { machine: 'm2' }],
  ['machine.list', {}],
  ['machine.list', { limit: 1 }],
  ['machine.remove', { machine: 'm1' }],
  ['host.set_maintenance', { host: 'other', enabled: true, plan: true }],
  ['host.set_maintenance', { host: 'other', enabled: true }],
  ['host.set_maintenance', { host: 'other', enabled: false }],
  ['power.types', {}],
  ['host.list', {}],
  ['host.get_info', { host: 'site' }],
  ['host.test', { host: 'site' }],
  ['host.retry', { host: 'site' }],
  ['features.catalogue', {}],
  ['features.matrix', {}],
  ['features.driver', { driver: 'hmcz' }],
  ['operation.get', { idempotency_key: 'accepted' }],
  ['operation.list', {}],
];
/** What no driver here can do, and what has its own tests. */
const NOT_ASKED: readonly MethodName[] = [
  'power.soft_off',
  'power.reset',
  'operation.cancel',
  'compute.live_migration_force_complete',
  'compute.live_migration_abort',
  'compute.get_diagnostics',
  'compute.spawn',
  'compute.destroy',
  'compute.adopt',
  'compute.release',
  'compute.rescue',
  'compute.unrescue',
  'compute.rebuild',
  'compute.resize',
  'compute.confirm_resize',
  'compute.revert_resize',
  'compute.snapshot',
  'compute.quiesce',
  'compute.unquiesce',
  'compute.attach_volume',
  'compute.detach_volume',
  'compute.swap_volume',
  'compute.extend_volume',
  'compute.attach_interface',
  'compute.detach_interface',
  'compute.set_admin_password',
  'compute.trigger_crash_dump',
  'compute.get_console_log',
  'compute.get_console',
  'compute.send_console_command',
  'image.list',
  'image.import',
  'image.export',
  'image.remove',
  'host.set_enabled',
  'host.preflight',
];

/** Nothing but what the schema names may stand in an answer, at any depth. */
function fits(method: MethodName, answer: unknown): void {
  const schema: z.ZodType = METHODS[method].result;
  expect(schema.parse(answer)).toEqual(answer);
}

describe('answers', () => {
  it('of every method are asked for', () => {
    const asked = new Set(REQUESTS.map(([method]) => method));
    expect(METHOD_NAMES.filter((name) => !asked.has(name)).toSorted()).toEqual([...NOT_ASKED].toSorted());
  });

  it.each(REQUESTS)('of %s fit its schema', async (method, params) => {
    fits(method, await bench.call(method, params));
  });

  it('of operation.cancel fit its schema, and so do failed operations', async () => {
    await expect(bench.call('compute.unpause', { ...one, idempotency_key: 'fails' })).rejects.toThrow();
    const failed = await bench.call('operation.get', { idempotency_key: 'fails' });
    expect(failed).toMatchObject({ state: 'failed' });
    fits('operation.get', failed);
    fits('operation.cancel', failed);
  });
});
