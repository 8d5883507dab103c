import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { localUri, VirshBench } from '../../support/virsh-bench.js';

const instance = 'web01';
const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
let virsh: VirshBench;
beforeAll(async () => {
  virsh = await VirshBench.start({
    libvirtd: { emulators: ['x86_64'] },
    driverUri: (daemon) => localUri(daemon.qemuUri, daemon),
    settings: { shutdown_timeout_ms: 1000 },
  });
  await virsh.call('compute.spawn', {
    name: instance,
    flavor: { vcpus: 1, memory_mib: 64, root_gib: 1 },
    driver_options: { virsh: { virt_type: 'qemu', hotplug_slots: 0 } },
  });
}, WITHIN_MS);
afterAll(() => virsh.stop());

const larger = { vcpus: 2, memory_mib: 96, root_gib: 2 };
const resize = (flavor: object) => virsh.call('compute.resize', { instance, flavor });
const info = () => virsh.call('compute.get_info', { instance });

test(
  'a size is had, kept apart from others until it is reverted, and gone afterwards',
  async () => {
    await expect(virsh.call('compute.confirm_resize', { instance })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(virsh.call('compute.resize', { instance, flavor: larger, plan: true })).resolves.toMatchObject({
      steps: [{ action: 'ask-shutdown' }, { action: 'destroy' }, { action: 'resize' }, { action: 'start' }],
    });
    // Nothing in it hears that it is to shut down.
    await expect(resize(larger)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
    await expect(info()).resolves.toMatchObject({ vcpus: 2, memory_mib: 96, power_state: 'running' });
    await expect(resize(larger)).resolves.toMatchObject({ outcome: 'already' });
    await expect(resize({ ...larger, vcpus: 3 })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(virsh.call('compute.revert_resize', { instance })).resolves.toMatchObject({ power_state: 'running' });
    await expect(info()).resolves.toMatchObject({ vcpus: 1, memory_mib: 64 });
    await expect(virsh.call('compute.revert_resize', { instance })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  },
  WITHIN_MS,
);

test(
  'a size that is confirmed stays, with the disk that has grown',
  async () => {
    await expect(resize(larger)).resolves.toMatchObject({ outcome: 'done' });
    await expect(virsh.call('compute.confirm_resize', { instance })).resolves.toMatchObject({ outcome: 'done' });
    await expect(virsh.call('compute.revert_resize', { instance })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(resize({ ...larger, root_gib: 1 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(resize({ ...larger, memory_mib: 67_108_864 })).rejects.toMatchObject({ code: 'CAPACITY_EXHAUSTED' });
    await expect(info()).resolves.toMatchObject({ vcpus: 2, memory_mib: 96, power_state: 'running' });
  },
  WITHIN_MS,
);
