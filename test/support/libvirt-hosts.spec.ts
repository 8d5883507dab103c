import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  connect,
  connectGetHostname,
  domainCreateXml,
  domainLookupByName,
  LibvirtError,
} from '../../packages/node-libvirt/src/index.js';
import { eventually } from './eventually.js';
import { rejectionOf } from './failure-of.js';
import { startLibvirtHosts, type LibvirtHost, type LibvirtHosts } from './libvirt-hosts.js';
import {
  blockDevices,
  fibreChannelNames,
  IscsiTargets,
  iscsiServer,
  readVolume,
  volumeFile,
  writeVolume,
} from './libvirt-storage.js';
import { LibvirtWire } from './libvirt-wire.js';

const LUNS = ['lun0', 'lun1'];
const BY_PATH = '/dev/disk/by-path/ccw-0.0.1900-zfcp-0x500507680b214ac1:';
const LOGON = { user: 'initiator', password: 'secret-of-the-target' };

let there: LibvirtHosts;
let one: LibvirtHost;
let two: LibvirtHost;
let targets: IscsiTargets;
beforeAll(async () => {
  there = await startLibvirtHosts({
    names: ['kvm1', 'kvm2'],
    setUp(name, shared) {
      if (name !== 'kvm1') return fibreChannelNames(shared, LUNS);
      for (const lun of LUNS) writeVolume(volumeFile(shared, lun));
      return [...blockDevices(shared, LUNS), ...fibreChannelNames(shared, LUNS), ...iscsiServer];
    },
  });
  [one, two] = there.hosts as [LibvirtHost, LibvirtHost];
  targets = new IscsiTargets(one, '198.18.0.1:3260');
  await targets.ready();
}, 400_000);
afterAll(async () => {
  const devices = () =>
    execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], { encoding: 'utf8' });
  expect(devices()).toContain(there.shared);
  await there.stop();
  expect(devices()).not.toContain(there.shared);
});

/** A guest with nothing in it. */
const guest = (name: string, devices = ''): string => `<domain type='qemu'><name>${name}</name>
  <memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${devices}</devices></domain>`;

async function start(host: LibvirtHost, xml: string): Promise<void> {
  const connection = await connect(`qemu+unix:///system?socket=${host.daemon.socketPath}`);
  try {
    await connection.call(domainCreateXml, { xml });
  } finally {
    await connection.close();
  }
}

const states = (host: LibvirtHost): Promise<string> => host.run('virsh -q list');

describe('hosts with a libvirtd each', () => {
  it('have names, networks and bridges of their own', async () => {
    for (const host of [one, two]) {
      expect((await host.run('hostname')).trim()).toBe(host.name);
      expect((await host.run('virsh -q net-list --name')).split('\n').filter(Boolean)).toEqual(['nat', 'route']);
      expect(await host.run('ls /sys/class/net')).toContain('br0');
    }
  });

  it('move a running guest from one to the other, by a call to the first', async () => {
    await start(one, guest('moving', `<interface type='network'><source network='nat'/></interface>`));
    await one.run(`virsh migrate --live --p2p moving '${two.uri}'`);
    expect(await states(one)).not.toContain('moving');
    expect(await states(two)).toMatch(/moving +running/);
  });

  it('keep guests, networks and devices when the daemon is killed', async () => {
    await start(one, guest('staying'));
    await one.daemon.kill();
    await one.daemon.restart();
    const answered = await eventually(() => states(one).catch(() => undefined), 'the daemon answers again');
    expect(answered).toMatch(/staying +running/);
    expect(await one.run('ls /sys/class/net')).toContain('br0');
  });

  it('see the same logical units under their names', async () => {
    const disk = (name: string) => `<disk type='block' device='disk'><source dev='${name}'/><target dev='vda'/></disk>`;
    await start(two, guest('on-lun', disk(`${BY_PATH}0x0001000000000000`)));
    expect(await states(two)).toMatch(/on-lun +running/);
    for (const host of [one, two]) {
      const devices = await host.run('for d in $(virsh nodedev-list --cap storage); do virsh nodedev-dumpxml $d; done');
      expect(devices).toContain(`<devnode type='link'>${BY_PATH}0x0000000000000000</devnode>`);
      const bytes = await host.run(`head -c 4096 ${BY_PATH}0x0000000000000000 | od -An -v -tx1 | tr -d ' \\n'`);
      expect(bytes).toBe(readVolume(volumeFile(there.shared, 'lun0')));
    }
  });

  it('reach targets of iSCSI, with the password that these ask for', async () => {
    writeVolume(volumeFile(there.shared, 'iscsi'));
    const iqn = targets.add(volumeFile(there.shared, 'iscsi'), LOGON);
    const secret = async (uuid: string, password: string): Promise<void> => {
      const file = join(there.shared, uuid);
      writeFileSync(
        file,
        `<secret ephemeral='no'><uuid>${uuid}</uuid><usage type='iscsi'><target>${uuid}</target></usage></secret>`,
      );
      const value = Buffer.from(password).toString('base64');
      await two.run(`virsh -q secret-define ${file}; virsh -q secret-set-value ${uuid} ${value}`);
    };
    const disk = (uuid: string) => `<disk type='network' device='disk'><source protocol='iscsi' name='${iqn}/1'>
      <host name='198.18.0.1' port='3260'/><auth username='initiator'><secret type='iscsi' uuid='${uuid}'/></auth></source>
      <target dev='vda' bus='virtio'/></disk>`;
    const right = '6f1a2b3c-0000-4000-8000-000000000001';
    const wrong = '6f1a2b3c-0000-4000-8000-000000000002';
    await secret(right, LOGON.password);
    await secret(wrong, 'another-secret');
    await rejectionOf(start(two, guest('locked-out', disk(wrong))), LibvirtError);
    await start(two, guest('on-iscsi', disk(right)));
    expect(await states(two)).toMatch(/on-iscsi +running/);
  });
});

describe('what goes over the wire', () => {
  it('is told in order, and what changes something apart', async () => {
    const wire = new LibvirtWire();
    const socket = join(there.shared, 'wire');
    await wire.tap(socket, one.daemon.socketPath);
    const connection = await connect(`qemu+unix:///system?socket=${socket}`);
    try {
      await connection.call(connectGetHostname);
      await connection.call(domainCreateXml, { xml: guest('watched') });
      await connection.call(domainLookupByName, { name: 'watched' });
      expect(wire.requests()).toEqual(['connect_get_hostname', 'domain_create_xml', 'domain_lookup_by_name']);
      expect(wire.changes()).toEqual(['domain_create_xml']);
    } finally {
      await connection.close();
      await wire.stop();
    }
  });
});
