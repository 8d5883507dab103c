import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect, connectListAllNodeDevices, ConnectListAllNodeDeviceFlags, type Connection } from 'node-libvirt';
import { eventually } from '../../support/eventually.js';
import {
  ADAPTER,
  blockDevices,
  fibreChannelNames,
  volumeFile,
  writeVolume,
  WWPN,
} from '../../support/libvirt-storage.js';
import { localUri } from '../../support/virsh-bench.js';
import { VirshGuests } from '../../support/virsh-guests.js';

const IDLE = '62177883-f1bb-47f0-914d-32a22e3a8804';
const NOBODYS = '62177883-f1bb-47f0-914d-32a22e3a8805';
let folder: string;
let guests: VirshGuests;
let asked: Connection;

/** What libvirt asks for mediated devices, on a host where one is defined and not started. */
function mediated(uuid: string): string[] {
  const defined = [{ matrix: [{ [uuid]: { mdev_type: 'vfio_ap-passthrough', start: 'manual', attrs: [] } }] }];
  return [
    `printf '%s\\n' '#!/bin/sh' "echo '${JSON.stringify(defined).replaceAll('"', String.raw`\"`)}'" > $PATH/mdevctl`,
    'chmod 755 $PATH/mdevctl',
  ];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zenova-devices-'));
  writeVolume(volumeFile(folder, 'unit'));
  guests = await VirshGuests.start([], {
    emulators: ['x86_64', 's390x'],
    setUp: [...blockDevices(folder, ['unit']), ...fibreChannelNames(folder, ['unit']), ...mediated(IDLE)],
  });
  const { libvirtd } = guests.virsh;
  asked = await connect(localUri(libvirtd.qemuUri, libvirtd));
  const { VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV: flags } = ConnectListAllNodeDeviceFlags;
  await eventually(
    async () => (await namesOf(flags)).length > 0,
    'libvirt to have heard of the mediated device',
    180_000,
  );
});

afterAll(async () => {
  await asked.close();
  await guests.stop();
  rmSync(folder, { recursive: true });
});

const namesOf = async (flags: number): Promise<string[]> =>
  (await asked.call(connectListAllNodeDevices, { flags })).devices.map(({ name }) => name);

const requestOf = (arch: string, devices: readonly object[]) => ({
  name: 'web',
  flavor: { vcpus: 1, memory_mib: 64 },
  driver_options: { virsh: { arch, virt_type: 'qemu', host_devices: devices } },
});

const unitOf = (lun: string) => ({ type: 'zfcp', adapter: ADAPTER, wwpn: WWPN, lun });
const THERE = unitOf('0000000000000000');

describe('a device of the host', () => {
  test.each<[string, string, object, string, string]>([
    ['a device on PCI', 'x86_64', { type: 'pci', address: '00ff:ff:1f.7' }, 'RESOURCE_NOT_FOUND', 'pci_00ff_ff_1f_7'],
    [
      'a logical unit of SCSI',
      'x86_64',
      { type: 'scsi', adapter: 'scsi_host999', bus: 0, target: 1, unit: 2 },
      'RESOURCE_NOT_FOUND',
      'scsi_999_0_1_2',
    ],
    ['a logical unit behind FCP', 's390x', unitOf('0001000000000000'), 'RESOURCE_NOT_FOUND', 'chzdev zfcp-lun'],
    ['a domain of cryptography', 's390x', { type: 'vfio-ap', mdev: NOBODYS }, 'RESOURCE_NOT_FOUND', NOBODYS],
    ['a subchannel', 's390x', { type: 'vfio-ccw', mdev: NOBODYS }, 'RESOURCE_NOT_FOUND', NOBODYS],
    [
      'one that is not started',
      's390x',
      { type: 'vfio-ap', mdev: IDLE },
      'STATE_CONFLICT',
      'virsh nodedev-start mdev_',
    ],
  ])('is there, or nothing is begun: %s', async (_what, arch, device, code, text) => {
    const devices = arch === 's390x' ? [THERE, device] : [device];
    const path = `driver_options.virsh.host_devices.${devices.length - 1}`;
    const refusal = {
      code,
      outcome: expect.stringMatching(/^not-(started|applied)$/),
      message: expect.stringContaining(text),
      details: expect.objectContaining({ path }),
    };
    const request = requestOf(arch, devices);
    await expect(guests.virsh.call('compute.spawn', { ...request, plan: true })).rejects.toMatchObject(refusal);
    await expect(guests.virsh.call('compute.spawn', request)).rejects.toMatchObject(refusal);
    await expect(guests.virsh.call('power.query', { instance: 'web' })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
    });
    expect(guests.volumes()).toEqual([]);
  });

  test('that is there is taken', async () => {
    const names = await namesOf(ConnectListAllNodeDeviceFlags.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
    // Some are in domains that addresses of guests' devices do not reach.
    const name = names.find((one) => /^pci_[0-9a-f]{4}_/.test(one));
    const [, domain, bus, slot, fn] = name?.split('_') ?? [];
    const wanted = [
      requestOf('s390x', [THERE]),
      // Where tests run there need not be any.
      ...(name === undefined
        ? []
        : [requestOf('x86_64', [{ type: 'pci', address: `${domain}:${bus}:${slot}.${fn}` }])]),
    ];
    for (const request of wanted) {
      await expect(guests.virsh.call('compute.spawn', { ...request, plan: true })).resolves.toMatchObject({
        outcome: 'planned',
      });
    }
  });
});

test('a device is not looked up where libvirt tells of none', async () => {
  const drivers = '/usr/lib/*/libvirt/connection-driver';
  const withoutNodeDevices = [
    `mkdir -p /dev/drivers && cp ${drivers}/* /dev/drivers`,
    'rm /dev/drivers/*nodedev*',
    `mount --bind /dev/drivers ${drivers}`,
  ];
  const blind = await VirshGuests.start([], { emulators: ['s390x'], setUp: withoutNodeDevices });
  try {
    const request = requestOf('s390x', [{ type: 'vfio-ap', mdev: NOBODYS }, unitOf('0001000000000000')]);
    await expect(blind.virsh.call('compute.spawn', { ...request, plan: true })).resolves.toMatchObject({
      outcome: 'planned',
    });
  } finally {
    await blind.stop();
  }
});
