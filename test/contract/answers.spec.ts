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
      {
        name: 'site',
        driver: 'fake',
        settings: { busy: ['instance-0004', 'instance-0005', 'instance-0006'] },
        manage: undefined,
        protect: ['instance-0009'],
        protectSelf: true,
      },
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
const SECRET = 'canary-of-the-answers';
const made = { host: 'site', instance: 'made' };
const image = { host: 'site', image: 'fetched' };
const address = 'https://images.example/debian-13.qcow2';
const flavor = { vcpus: 2, memory_mib: 4096, root_gib: 20 };
const disk = { id: 'disk', connection: { type: 'block', path: '/dev/vg0/disk' } };
const shared = {
  id: 'shared',
  connection: { type: 'iscsi', portal: '192.0.2.1:3260', target: 'iqn.2026-11.example:shared', lun: 1 },
  multiattach: true,
  tag: 'data',
};
/** Has all that an answer could repeat, secrets too. */
const described = {
  host: 'site',
  name: 'full',
  flavor: { ...flavor, memory_backing: 'file', extras: { max_memory_mib: 8192 } },
  image: { source: address, format: 'qcow2', properties: { os_distro: 'debian' }, cache: true },
  networks: [{ name: 'lan', vlan: 7, tag: 'front', addresses: [{ address: '192.0.2.7/24', gateway: '192.0.2.1' }] }],
  volumes: [shared],
  disk_limits: { total_iops_sec: 1000 },
  disk_config: 'auto',
  firmware: 'uefi',
  tpm: { version: '2.0' },
  security_groups: ['web'],
  firewall_rules: [{ direction: 'ingress', protocol: 'tcp', ports: '443' }],
  config_drive: true,
  user_data: `#cloud-config\npassword: ${SECRET}\n`,
  ssh_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample operator'],
  admin_password: SECRET,
  files: [{ path: '/etc/motd', content: Buffer.from(SECRET).toString('base64'), mode: '0644' }],
  metadata: { role: 'web' },
  driver_options: { fake: { greeting: 'hello' } },
  start: false,
};
/** A migration that goes on until something is asked of it, or it is cancelled. */
const busy = (instance: string) => ({ host: 'site', instance, destination: 'other', wait: 'accepted' });
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
  ['power.set_boot_device', { ...one, boot_device: { type: 'disk' } }],
  ['power.off', one],
  ['power.query', one],
  ['power.query', { power_type: 'manual' }],
  ['power.query_many', {}],
  ['power.query_many', { host: 'site' }],
  ['image.list', { host: 'site' }],
  ['image.import', { ...image, from: { source: address }, plan: true }],
  ['image.import', { ...image, from: { source: address } }],
  ['image.import', { ...image, from: { source: address } }],
  ['image.export', { ...image, to: { url: 'file:///var/lib/images/fetched.raw', format: 'raw' } }],
  ['image.list', { host: 'site' }],
  ['image.remove', image],
  ['image.remove', image],
  ['compute.spawn', { ...described, plan: true }],
  ['compute.spawn', described],
  ['compute.spawn', { host: 'site', name: 'made', flavor, wait: 'accepted', idempotency_key: 'spawn' }],
  ['compute.spawn', { host: 'site', name: 'made', flavor, idempotency_key: 'spawn' }],
  ['compute.attach_interface', { ...made, network: { name: 'lan' }, plan: true }],
  ['compute.attach_interface', { ...made, network: { name: 'lan' } }],
  ['compute.attach_interface', { ...made, network: { name: 'dmz', mac: '52:54:00:00:00:01' } }],
  ['compute.attach_interface', { ...made, network: { name: 'dmz', mac: '52:54:00:00:00:01' } }],
  ['compute.attach_volume', { ...made, volume: disk, plan: true }],
  ['compute.attach_volume', { ...made, volume: disk }],
  ['compute.attach_volume', { ...made, volume: disk }],
  ['compute.attach_volume', { ...made, volume: shared }],
  ['compute.get_info', made],
  ['compute.get_info', { host: 'site', instance: 'full', devices: true }],
  ['compute.get_diagnostics', made],
  ['compute.get_diagnostics', { host: 'site', instance: 'full' }],
  ['host.preflight', { host: 'site' }],
  ['host.preflight', made],
  ['compute.swap_volume', { ...made, volume: 'disk', new_volume: { ...disk, id: 'larger' } }],
  ['compute.extend_volume', { ...made, volume: 'larger', size_gib: 200 }],
  ['compute.detach_volume', { ...made, volume: 'larger' }],
  ['compute.detach_volume', { ...made, volume: 'larger' }],
  ['compute.detach_interface', { ...made, interface: '52:54:00:00:00:01' }],
  ['compute.resize', { ...made, flavor: { vcpus: 4, memory_mib: 8192 }, plan: true }],
  ['compute.resize', { ...made, flavor: { vcpus: 4, memory_mib: 8192 } }],
  ['compute.revert_resize', made],
  ['compute.resize', { ...made, flavor: { vcpus: 4, memory_mib: 8192 } }],
  ['compute.confirm_resize', made],
  ['compute.rescue', { ...made, image: { source: address }, admin_password: SECRET }],
  ['compute.unrescue', made],
  ['compute.rescue', { ...made, boot: { from: 'network' } }],
  ['compute.unrescue', made],
  ['compute.rebuild', { ...made, image: { source: address }, admin_password: SECRET }],
  ['compute.quiesce', made],
  ['compute.unquiesce', made],
  ['compute.snapshot', { ...made, name: 'saved', plan: true }],
  ['compute.snapshot', { ...made, name: 'saved' }],
  ['compute.snapshot', { ...made, name: 'away', quiesce: true, store_at: { url: 'file:///var/lib/images/away.raw' } }],
  ['compute.set_admin_password', { ...made, password: SECRET }],
  ['compute.trigger_crash_dump', made],
  ['compute.send_console_command', { ...made, command: 'uptime' }],
  ['compute.get_console_log', made],
  ['compute.get_console_log', { ...made, tail_lines: 1 }],
  ['compute.get_console', { ...made, type: 'serial' }],
  ['compute.get_console', { ...made, type: 'vnc' }],
  ['compute.get_console', { ...made, type: 'spice' }],
  ['compute.destroy', { ...made, plan: true }],
  ['compute.destroy', made],
  ['compute.adopt', { ...two, plan: true }],
  ['compute.adopt', two],
  ['compute.adopt', two],
  ['compute.release', two],
  ['host.set_enabled', { host: 'other', enabled: false, plan: true }],
  ['host.set_enabled', { host: 'other', enabled: false }],
  ['host.set_enabled', { host: 'other', enabled: true }],
  ['compute.live_migrate', { ...two, destination: 'other', plan: true }],
  ['compute.live_migrate', { ...two, destination: 'other' }],
  ['compute.evacuate', { ...two, host: 'other', destination: 'site' }],
  ['compute.evacuate', { host: 'other', destination: 'site' }],
  ...['instance-0004', 'instance-0005', 'instance-0006'].map(
    (instance) => ['compute.power_on', { host: 'site', instance }] as const,
  ),
  ['compute.live_migrate', busy('instance-0004')],
  ['compute.live_migration_force_complete', { host: 'site', instance: 'instance-0004' }],
  ['compute.live_migrate', busy('instance-0005')],
  ['compute.live_migration_abort', { host: 'site', instance: 'instance-0005' }],
  ['compute.live_migrate', { ...busy('instance-0006'), idempotency_key: 'busy' }],
  ['operation.cancel', { idempotency_key: 'busy' }],
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
/** What no driver here can do. */
const NOT_ASKED: readonly MethodName[] = ['power.soft_off', 'power.reset', 'power.probe'];

/** Nothing but what the schema names may stand in an answer, at any depth, and nothing that is secret. */
function fits(method: MethodName, answer: unknown): void {
  const schema: z.ZodType = METHODS[method].result;
  expect(schema.parse(answer)).toEqual(answer);
  expect(JSON.stringify(answer)).not.toContain(SECRET);
}

describe('answers', () => {
  it('of every method are asked for', () => {
    const asked = new Set(REQUESTS.map(([method]) => method));
    expect(METHOD_NAMES.filter((name) => !asked.has(name)).toSorted()).toEqual([...NOT_ASKED].toSorted());
  });

  it.each(REQUESTS)('of %s fit its schema', async (method, params) => {
    fits(method, await bench.call(method, params));
  });

  it('of failed operations fit their schemas', async () => {
    await expect(bench.call('compute.unpause', { ...one, idempotency_key: 'fails' })).rejects.toThrow();
    const failed = await bench.call('operation.get', { idempotency_key: 'fails' });
    expect(failed).toMatchObject({ state: 'failed' });
    fits('operation.get', failed);
    fits('operation.cancel', failed);
  });
});
