import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { localUri, VirshBench } from '../../support/virsh-bench.js';

const flavor = { vcpus: 1, memory_mib: 64 };
const options = { virsh: { virt_type: 'qemu', hotplug_slots: 0 } };
let virsh: VirshBench;

beforeAll(async () => {
  virsh = await VirshBench.start({
    libvirtd: { emulators: ['x86_64'] },
    driverUri: (daemon) => localUri(daemon.qemuUri, daemon),
  });
}, 60_000);

afterAll(() => virsh.stop());

describe('a launch', () => {
  test('makes a domain that runs, and its end leaves nothing', async () => {
    await expect(
      virsh.call('compute.spawn', {
        name: 'web01',
        flavor: { ...flavor, root_gib: 1 },
        driver_options: options,
        metadata: { role: 'web' },
      }),
    ).resolves.toMatchObject({ outcome: 'done', power_state: 'running', name: 'web01' });
    await expect(virsh.call('compute.destroy', { instance: 'web01' })).resolves.toMatchObject({ outcome: 'done' });
    await expect(virsh.call('power.query', { instance: 'web01' })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
  });
});
