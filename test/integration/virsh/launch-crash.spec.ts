import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { LibvirtCut, type Lost, type ProcedureName } from '../../support/libvirt-cut.js';
import { VirshBench } from '../../support/virsh-bench.js';

const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
let cut: LibvirtCut;
let virsh: VirshBench;

beforeAll(async () => {
  virsh = await VirshBench.start({
    libvirtd: { emulators: ['x86_64'] },
    // As long a lost call is looked for.
    settings: { request_timeout_ms: 15_000 },
    driverUri: ({ socketPath }) => {
      cut = new LibvirtCut(socketPath);
      return `qemu+unix:///system?socket=${cut.socketPath}`;
    },
  });
}, WITHIN_MS);

afterAll(async () => {
  await virsh.stop();
  await cut.stop();
});

const described = (name: string) => ({
  name,
  flavor: { vcpus: 1, memory_mib: 64, root_gib: 1 },
  metadata: { role: 'web' },
  driver_options: { virsh: { virt_type: 'qemu', hotplug_slots: 0 } },
});

async function crash(): Promise<void> {
  await virsh.libvirtd.kill();
  await virsh.libvirtd.restart();
}

async function named(name: string): Promise<unknown[]> {
  const { instances } = await virsh.call('compute.list_instances', {});
  return (instances as { name: string }[]).filter((one) => one.name === name);
}

function volumes(): string[] {
  return readdirSync(join(virsh.libvirtd.dataDir, 'var-lib-libvirt', 'images', 'zenova'));
}

describe('a daemon that is killed', () => {
  test.each<[ProcedureName, Lost]>([
    ['domain_define_xml_flags', 'call'],
    ['domain_define_xml_flags', 'answer'],
    ['storage_vol_create_xml', 'answer'],
    ['domain_create_with_flags', 'call'],
    ['domain_create_with_flags', 'answer'],
  ])(
    'at %s, whose %s is lost: the launch comes to its end, and there is one domain',
    async (procedure, lost) => {
      const name = `${procedure.replaceAll('_', '-')}-${lost}`;
      cut.at(procedure, lost, crash);
      const answer = await virsh.call('compute.spawn', described(name));
      expect(await cut.hasCut()).toBe(true);
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running', name });
      expect(await named(name)).toMatchObject([{ id: answer['id'], power_state: 'running' }]);
      await virsh.call('compute.destroy', { instance: name });
    },
    WITHIN_MS,
  );

  test.each<[ProcedureName, Lost]>([
    ['domain_destroy', 'answer'],
    ['storage_vol_delete', 'answer'],
    ['domain_undefine_flags', 'call'],
    ['domain_undefine_flags', 'answer'],
  ])(
    'at %s, whose %s is lost: nothing is left of the domain',
    async (procedure, lost) => {
      const name = `${procedure.replaceAll('_', '-')}-${lost}`;
      await virsh.call('compute.spawn', described(name));
      cut.at(procedure, lost, crash);
      await expect(virsh.call('compute.destroy', { instance: name })).resolves.toMatchObject({ outcome: 'done' });
      expect(await cut.hasCut()).toBe(true);
      expect(await named(name)).toEqual([]);
      expect(volumes()).toEqual([]);
    },
    WITHIN_MS,
  );
});
