import { operationExample } from './operation.js';
import { EXAMPLE_OPERATION_ID, EXAMPLE_TIME, type ExamplesOf } from './example.js';
import { EXAMPLE_IMAGE, EXAMPLE_IMAGE_ADDRESS } from './image.js';

const ID = '00000000-0000-4000-8000-000000000001';
const instance = { host: 'fake1', instance: 'instance-0001' };
/** What the example of `compute.spawn` makes, and that of `compute.destroy` ends. */
const web01 = { host: 'fake1', instance: 'web01' };
const seen = { transition: null, observed_at: EXAMPLE_TIME };
const running = { ...seen, power_state: 'running', power_state_code: 1, native_state: 'running' } as const;
const shutdown = { ...seen, power_state: 'shutdown', power_state_code: 4, native_state: 'shutdown' } as const;
const paused = { ...seen, power_state: 'paused', power_state_code: 3, native_state: 'paused' } as const;
const suspended = { ...seen, power_state: 'suspended', power_state_code: 7, native_state: 'suspended' } as const;
const done = { operation_id: EXAMPLE_OPERATION_ID, outcome: 'done' } as const;
const migration = operationExample({
  method: 'compute.live_migrate',
  driver: 'fake',
  target: 'fake:fake1:instance-0001',
  host: 'fake1',
  name: 'instance-0001',
});

export const computeExamples: ExamplesOf<'compute'> = {
  'compute.list_instances': {
    params: { host: 'cpc1' },
    result: {
      host: 'cpc1',
      instances: [{ name: 'ubuntu01', id: '0e0f3a4c-0000-4000-8000-000000000001', ...running, native_state: 'active' }],
    },
  },
  'compute.get_info': {
    params: { ...instance, devices: true },
    result: {
      name: 'instance-0001',
      id: ID,
      ...running,
      vcpus: 2,
      memory_mib: 4096,
      max_memory_mib: 4096,
      cpu_time_ns: null,
      interfaces: [{ name: 'nic0', mac: '52:54:00:00:01:00', network: 'lan', network_aliases: [], vlan: null }],
      volumes: [{ id: 'vda', aliases: [], root: true, size_gib: 10 }],
      native: {},
    },
  },
  'compute.get_diagnostics': {
    params: instance,
    result: {
      name: 'instance-0001',
      id: ID,
      ...running,
      uptime_s: 3600,
      memory_used_mib: 1024,
      memory_mib: 4096,
      cpus: [{ id: 0, time_ns: 17_300_000_000, utilisation_percent: null }],
      disks: [
        {
          device: 'vda',
          read_bytes: 1_048_576,
          read_requests: 256,
          write_bytes: 0,
          write_requests: 0,
          errors: 0,
        },
      ],
      nics: [],
      native: {},
    },
  },
  'compute.spawn': {
    params: {
      host: 'fake1',
      name: 'web01',
      flavor: { vcpus: 2, memory_mib: 4096, root_gib: 20 },
      image: { source: EXAMPLE_IMAGE_ADDRESS, format: 'qcow2' },
      networks: [{ name: 'lan', vlan: 7, addresses: [{ address: '192.0.2.7/24', gateway: '192.0.2.1' }] }],
      config_drive: true,
      ssh_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample operator'],
      metadata: { role: 'web' },
    },
    result: { ...done, ...running, name: 'web01', id: '00000000-0000-4000-8000-000000000007' },
  },
  'compute.destroy': { params: web01, result: done },
  'compute.adopt': { params: instance, result: { ...done, ...running, name: 'instance-0001', id: ID } },
  'compute.release': { params: instance, result: { ...done, ...running, name: 'instance-0001', id: ID } },
  'compute.power_on': { params: { ...instance, deadline_ms: 600_000 }, result: { ...done, ...running } },
  'compute.power_off': { params: instance, result: { ...done, ...shutdown } },
  'compute.reboot': { params: { ...instance, type: 'soft', within_s: 60 }, result: { ...done, ...running } },
  'compute.pause': { params: instance, result: { ...done, ...paused } },
  'compute.unpause': { params: instance, result: { ...done, ...running } },
  'compute.suspend': { params: instance, result: { ...done, ...suspended } },
  'compute.resume': { params: instance, result: { ...done, ...running } },
  'compute.rescue': {
    params: { ...web01, image: { source: 'rescue' } },
    result: { ...done, ...running },
  },
  'compute.unrescue': { params: web01, result: { ...done, ...running } },
  'compute.rebuild': {
    params: { ...web01, image: { source: EXAMPLE_IMAGE_ADDRESS } },
    result: { ...done, ...running },
  },
  'compute.resize': {
    params: { ...web01, flavor: { vcpus: 4, memory_mib: 8192 } },
    result: { ...done, ...running },
  },
  'compute.confirm_resize': { params: web01, result: { ...done, ...running } },
  'compute.revert_resize': { params: web01, result: { ...done, ...running } },
  'compute.snapshot': {
    params: { ...web01, name: 'web01-before-upgrade' },
    result: { ...done, ...running, image: { ...EXAMPLE_IMAGE, name: 'web01-before-upgrade' } },
  },
  'compute.quiesce': { params: web01, result: { ...done, ...running } },
  'compute.unquiesce': { params: web01, result: { ...done, ...running } },
  'compute.attach_volume': {
    params: { ...web01, volume: { id: 'data01', connection: { type: 'block', path: '/dev/vg0/data01' } } },
    result: { ...done, ...running, device: 'vdb' },
  },
  'compute.swap_volume': {
    params: {
      ...web01,
      volume: 'data01',
      new_volume: { id: 'data02', connection: { type: 'block', path: '/dev/vg1/data02' } },
    },
    result: { ...done, ...running },
  },
  'compute.extend_volume': {
    params: { ...web01, volume: 'data02', size_gib: 200 },
    result: { ...done, ...running },
  },
  'compute.detach_volume': { params: { ...web01, volume: 'data02' }, result: { ...done, ...running } },
  'compute.attach_interface': {
    params: { ...web01, network: { name: 'lan', mac: '52:54:00:00:00:01' } },
    result: { ...done, ...running, interface: { name: 'nic1', mac: '52:54:00:00:00:01' } },
  },
  'compute.detach_interface': {
    params: { ...web01, interface: '52:54:00:00:00:01' },
    result: { ...done, ...running },
  },
  'compute.set_admin_password': {
    params: { ...web01, user: 'root', password: 'a new password' },
    result: { ...done, ...running },
  },
  'compute.trigger_crash_dump': { params: web01, result: { ...done, ...running } },
  'compute.get_console_log': {
    params: { ...web01, tail_lines: 100 },
    result: { log: 'Debian GNU/Linux 13 web01 ttysclp0\n\nweb01 login: ', cut: true },
  },
  'compute.get_console': {
    params: { ...web01, type: 'serial' },
    result: {
      type: 'serial',
      url: 'wss://console.example/7f0c1d6e',
      host: null,
      port: null,
      tls_port: null,
      password: null,
      expires_at: EXAMPLE_TIME,
    },
  },
  'compute.send_console_command': { params: { ...web01, command: 'uptime' }, result: { ...done, ...running } },
  'compute.live_migrate': {
    params: { ...instance, destination: 'fake2' },
    result: { ...done, ...running, host: 'fake2' },
  },
  'compute.live_migration_force_complete': { params: instance, result: migration },
  'compute.live_migration_abort': { params: instance, result: migration },
  'compute.evacuate': { params: { host: 'fake2', destination: 'fake1' }, result: { ...done, children: 1 } },
};
