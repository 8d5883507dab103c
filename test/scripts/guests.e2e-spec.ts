import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connect,
  type Connection,
  domainAgentCommand,
  domainCreate,
  domainDefineXmlFlags,
  domainDestroy,
  domainFsfreeze,
  domainFsthaw,
  domainGetState,
  domainOpenConsole,
  type DomainRef,
  domainSetUserPassword,
  domainShutdownFlags,
  DomainShutdownFlagValues,
  DomainState,
  domainUndefineFlags,
  DomainUndefineFlagsValues,
} from '../../packages/node-libvirt/src/index.js';
import { type Libvirtd, startLibvirtd } from '../../scripts/libvirtd.mjs';
import { eventually } from '../support/eventually.js';
import { GuestConsole } from '../support/guest-console.js';
import { guestSystems } from '../support/guest-systems.js';

const WITHIN_MS = 600_000;
const MAC = '52:54:00:00:00:07';

let daemon: Libvirtd;
let connection: Connection;
let folder: string;
const defined: DomainRef[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zenova-guests-'));
  await guestSystems('x86_64');
  daemon = await startLibvirtd({ emulators: ['x86_64', 's390x'] });
  connection = await connect(`${daemon.qemuUri.replace(':', '+unix:')}?socket=${daemon.socketPath}`);
}, WITHIN_MS);
afterEach(async () => {
  for (const domain of defined.splice(0)) {
    if ((await stateOf(domain)) !== DomainState.VIR_DOMAIN_SHUTOFF) await connection.call(domainDestroy, { domain });
    const flags = DomainUndefineFlagsValues.VIR_DOMAIN_UNDEFINE_NVRAM;
    await connection.call(domainUndefineFlags, { domain, flags });
  }
});
afterAll(async () => {
  await connection.close();
  await daemon.stop();
  rmSync(folder, { recursive: true });
});

interface Wanted {
  readonly arch: 'x86_64' | 's390x';
  readonly memoryMib?: number;
  readonly firmware?: 'efi';
  /** Content of `os` behind its type. */
  readonly os?: string;
  readonly devices?: string;
}

interface Guest {
  readonly domain: DomainRef;
  readonly console: GuestConsole;
}

/** Defines and starts one. */
async function start({ arch, memoryMib = 256, firmware, os = '', devices = '' }: Wanted): Promise<Guest> {
  const name = `guest-${arch}`;
  const log = join(folder, `${name}-${defined.length}-${Date.now()}.log`);
  const machine = arch === 'x86_64' ? 'q35' : 's390-ccw-virtio';
  const port = arch === 'x86_64' ? 'serial' : 'sclp';
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>${memoryMib}</memory><vcpu>1</vcpu>
    <os${firmware === undefined ? '' : ` firmware='${firmware}'`}><type arch='${arch}' machine='${machine}'>hvm</type>${os}</os>
    <features>${arch === 'x86_64' ? '<acpi/>' : ''}${firmware === undefined ? '' : "<smm state='on'/>"}</features>
    <devices>${devices}
      <console type='pty'><log file='${log}' append='on'/><target type='${port}'/></console>
    </devices></domain>`;
  const { domain } = await connection.call(domainDefineXmlFlags, { xml, flags: 0 });
  defined.push(domain);
  await connection.call(domainCreate, { domain });
  return { domain, console: new GuestConsole(log) };
}

async function stateOf(domain: DomainRef): Promise<number> {
  return (await connection.call(domainGetState, { domain, flags: 0 })).state;
}

/** A copy of an image, for a guest that writes to it. */
function disk(image: string, format: 'raw' | 'qcow2'): string {
  const file = join(folder, `root.${format}`);
  copyFileSync(image, file);
  return `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${file}'/>
    <target dev='vda' bus='virtio'/><serial>root-1</serial><boot order='1'/></disk>`;
}

/** A disk for a first start. */
function seedDisk(files: Readonly<Record<string, string>>): string {
  const [tree, file] = [join(folder, 'seed'), join(folder, 'seed.iso')];
  mkdirSync(tree);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(tree, name), content);
  execFileSync('xorriso', ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-J', '-V', 'cidata', '-o', file, tree]);
  return `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${file}'/>
    <target dev='vdb' bus='virtio'/><readonly/></disk>`;
}

async function shutDown({ domain, console }: Guest, flags: number): Promise<void> {
  await connection.call(domainShutdownFlags, { domain, flags });
  const isOff = async (): Promise<boolean> => (await stateOf(domain)) === DomainState.VIR_DOMAIN_SHUTOFF;
  await eventually(isOff, () => `the guest to be off; its console:\n${console.text}`);
  expect(console.reports.at(-1)?.isDown).toBe(true);
}

describe('a guest of x86', () => {
  it(
    'starts from kernel and initrd, tells what it was given, obeys its agent and goes down',
    async () => {
      const { kernel, initrd, kernelParameters, disk: image } = await guestSystems('x86_64');
      const seed = { 'meta-data': 'instance-id: one\n', 'user-data': '#cloud-config\n{"a": "ä <&>"}\n' };
      const guest = await start({
        arch: 'x86_64',
        os: `<kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${kernelParameters}</cmdline>`,
        devices: `${disk(image.qcow2, 'qcow2')}${seedDisk(seed)}
        <interface type='user'><mac address='${MAC}'/><model type='virtio'/></interface>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`,
      });
      const { domain, console } = guest;
      const report = await console.ready();
      expect(report).toMatchObject({
        image: 'none',
        isRescue: false,
        arch: 'x86_64',
        machine: { firmware: 'bios', cpus: 1, hasTpm: false },
        nics: [{ name: 'eth0', mac: MAC }],
        data: { device: 'vda2', boots: 1 },
        seed,
        hasAgent: true,
      });
      expect(report.disks).toMatchObject([{ name: 'vda', serial: 'root-1' }, { name: 'vdb' }]);
      expect((await console.until(({ addresses }) => addresses.length > 0, 'an address')).addresses[0]).toMatch(
        /^eth0 10\./,
      );

      const ping = { domain, command: '{"execute":"guest-ping"}', timeout: 10, flags: 0 };
      await eventually(
        async () =>
          await connection.call(domainAgentCommand, ping).then(
            ({ result }) => result === '{"return":{}}',
            () => false,
          ),
        'the agent to answer',
      );
      const setting = { domain, user: 'root', password: 'a:b $c', flags: 0 };
      await connection.call(domainSetUserPassword, setting);
      await console.until(({ passwords }) => passwords.includes('root'), 'the password to be set');
      const all = { domain, mountPoints: [], flags: 0 };
      expect(await connection.call(domainFsfreeze, all)).toEqual({ fileSystems: 1 });
      expect(await connection.call(domainFsthaw, all)).toEqual({ fileSystems: 1 });

      const { stream } = await connection.openStream(domainOpenConsole, { domain, device: null, flags: 0 });
      stream.resume();
      stream.write('hello there\n');
      await console.until(({ heard }) => heard.includes('hello there'), 'the guest to hear');
      stream.write('run grep -c "^root:[$]6[$]" /etc/shadow\n');
      await console.until(({ text }) => /^1\r?\nran: 0\r?$/m.test(text), 'the guest to have the hash of a password');
      stream.destroy();
      await shutDown(guest, DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT);
    },
    WITHIN_MS,
  );

  it(
    'starts from a disk by BIOS, keeps what it writes there, and goes down by the power button',
    async () => {
      const { otherDisk } = await guestSystems('x86_64');
      const guest = await start({ arch: 'x86_64', devices: disk(otherDisk.raw, 'raw') });
      expect(await guest.console.ready()).toMatchObject({
        image: 'second',
        machine: { firmware: 'bios' },
        data: { device: 'vda2', boots: 1 },
        seed: undefined,
        hasAgent: false,
      });
      await shutDown(guest, DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
      await connection.call(domainCreate, { domain: guest.domain });
      expect(await guest.console.ready(2)).toMatchObject({ image: 'second', data: { boots: 2 } });
    },
    WITHIN_MS,
  );

  it(
    'starts from a disk by UEFI that takes only what is signed',
    async () => {
      const { disk: image } = await guestSystems('x86_64');
      const { console } = await start({
        arch: 'x86_64',
        memoryMib: 512,
        firmware: 'efi',
        os: "<firmware><feature enabled='yes' name='secure-boot'/></firmware><loader secure='yes'/>",
        devices: disk(image.qcow2, 'qcow2'),
      });
      expect(await console.ready()).toMatchObject({ image: 'first', machine: { firmware: 'uefi', isSecure: true } });
    },
    WITHIN_MS,
  );

  it(
    'starts from a CD to rescue another',
    async () => {
      const { disk: image, rescue } = await guestSystems('x86_64');
      const cd = `<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='${rescue.iso}'/>
      <target dev='sda' bus='sata'/><readonly/><boot order='1'/></disk>`;
      const root = disk(image.raw, 'raw').replace("order='1'", "order='2'");
      const { console } = await start({ arch: 'x86_64', devices: cd + root });
      expect(await console.ready()).toMatchObject({
        image: 'rescue',
        isRescue: true,
        data: { device: 'vda2', boots: 1 },
      });
    },
    WITHIN_MS,
  );
});

describe('a guest of s390x', () => {
  it(
    'starts from kernel and initrd and goes down when it is asked to',
    async () => {
      const { kernel, initrd, kernelParameters } = await guestSystems('s390x');
      const guest = await start({
        arch: 's390x',
        os: `<kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${kernelParameters}</cmdline>`,
        devices: `<interface type='user'><mac address='${MAC}'/><model type='virtio'/></interface>`,
      });
      expect(await guest.console.ready()).toMatchObject({
        image: 'none',
        arch: 's390x',
        machine: { firmware: 'ipl' },
        nics: [{ mac: MAC }],
      });
      await shutDown(guest, DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_DEFAULT);
    },
    WITHIN_MS,
  );

  it(
    'starts from a disk, keeps what it writes there, and tells its LOADPARM',
    async () => {
      const { disk: image } = await guestSystems('s390x');
      const devices = disk(image.qcow2, 'qcow2').replace("order='1'", "order='1' loadparm='1'");
      const guest = await start({ arch: 's390x', devices });
      expect(await guest.console.ready()).toMatchObject({
        image: 'first',
        loadparm: '1',
        data: { device: 'vda1', boots: 1 },
      });
      await shutDown(guest, DomainShutdownFlagValues.VIR_DOMAIN_SHUTDOWN_DEFAULT);
      await connection.call(domainCreate, { domain: guest.domain });
      expect(await guest.console.ready(2)).toMatchObject({ data: { boots: 2 } });
    },
    WITHIN_MS,
  );

  it(
    'starts from a CD',
    async () => {
      const { otherDisk } = await guestSystems('s390x');
      const { console } = await start({
        arch: 's390x',
        devices: `<controller type='scsi' model='virtio-scsi'/>
        <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='${otherDisk.iso}'/>
        <target dev='sda' bus='scsi'/><readonly/><boot order='1'/></disk>`,
      });
      expect(await console.ready()).toMatchObject({ image: 'second', disks: [{ name: 'sr0' }] });
    },
    WITHIN_MS,
  );
});
