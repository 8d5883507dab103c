import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { LibvirtHost } from './libvirt-hosts.js';

/** Where logical units of the SAN are, so to speak: the port that all of them are behind, and the FCP device of each host. */
export const WWPN = '500507680b214ac1';
export const ADAPTER = '0.0.1900';

const GIB = 2 ** 30;

/** A volume's file, with something on it that nothing else has. */
export function writeVolume(path: string, sizeGib = 1): void {
  const file = openSync(path, 'wx', 0o600);
  writeSync(file, randomBytes(4096));
  ftruncateSync(file, sizeGib * GIB);
  closeSync(file);
}

/** A file that is encrypted with LUKS. */
export function writeEncrypted(path: string, key: string, sizeMib = 64): void {
  const object = `secret,id=key,data=${Buffer.from(key).toString('base64')},format=base64`;
  const options = ['--object', object, '-o', 'key-secret=key,iter-time=10'];
  for (let tries = 1; ; tries += 1) {
    try {
      execFileSync('qemu-img', ['create', '-q', '-f', 'luks', ...options, path, `${sizeMib}M`], { stdio: 'pipe' });
      return;
    } catch (error) {
      // It measures how fast the machine is, and gives up on one that does other things too.
      if (tries === 5 || !String(error).includes('accurate CPU usage')) throw error;
    }
  }
}

/** What its first bytes are. */
export function readVolume(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4096);
    readSync(file, bytes, 0, bytes.length, 0);
    return bytes.toString('hex');
  } finally {
    closeSync(file);
  }
}

/**
 * Makes block devices of a host, in `setUp` of its own: loop devices on files `<name>.img` of the shared directory. They are
 * given back by themselves when nobody has them open any more, which the host does until it ends.
 */
export function blockDevices(shared: string, names: readonly string[]): string[] {
  return names.flatMap((name) => [
    `for try in 1 2 3 4 5; do
       number=$(losetup --find | tr -dc 0-9)
       [ -e /dev/loop$number ] || mknod -m 600 /dev/loop$number b 7 $number
       losetup /dev/loop$number ${shared}/${name}.img && break
     done`,
    // No braces of the variable: each has another descriptor.
    'exec {device}<>/dev/loop$number',
    'losetup --detach /dev/loop$number',
    `echo $number > ${shared}/${name}.loop`,
  ]);
}

/**
 * Shows block devices under the names that logical units have behind an FCP device of IBM Z, in `setUp` of a host, with what
 * udev notes of them: the names that libvirt tells of them are from there. What is real about them is the device and its name,
 * and all that libvirt and QEMU do with these. There is no fabric.
 */
export function fibreChannelNames(shared: string, names: readonly string[]): string[] {
  return [
    'mkdir -p /dev/disk/by-path /run/udev/data',
    ...names.flatMap((name, lun) => {
      const path = `disk/by-path/${lunName(lun)}`;
      return [
        `number=$(cat ${shared}/${name}.loop)`,
        '[ -e /dev/loop$number ] || mknod -m 600 /dev/loop$number b 7 $number',
        `ln -s ../../loop$number /dev/${path}`,
        String.raw`printf 'S:${path}\nE:ID_TYPE=disk\nE:ID_BUS=scsi\n' > /run/udev/data/b7:$number`,
      ];
    }),
  ];
}

/** Where a host has the nth logical unit. */
export const lunPath = (lun: number): string => `/dev/disk/by-path/${lunName(lun)}`;

function lunName(lun: number): string {
  return `ccw-${ADAPTER}-zfcp-0x${WWPN}:0x${lun.toString(16).padStart(4, '0')}000000000000`;
}

/** Starts a server of targets for iSCSI, in `setUp` of the host on which it is to listen. */
export const iscsiServer: readonly string[] = ['mkdir -p /run/tgtd', 'tgtd --foreground &'];

/** Targets of a host that has {@link iscsiServer}. */
export class IscsiTargets {
  #count = 0;
  readonly #accounts = new Map<string, string>();

  constructor(
    private readonly host: LibvirtHost,
    /** Where it is reached from. */
    readonly portal: string,
  ) {}

  /** Waits until the server takes commands. */
  async ready(): Promise<void> {
    const answers = () => this.host.run('tgtadm --lld iscsi --op show --mode sys').then(Boolean, () => false);
    await eventually(answers, 'the server of iSCSI targets to answer');
  }

  /**
   * A target with the file as its unit 1.
   *
   * @param logon what initiators have to say; anybody is let in without
   */
  add(file: string, logon?: { readonly user: string; readonly password: string }): string {
    this.#count += 1;
    const [tid, iqn] = [String(this.#count), `iqn.2026-11.example.zenova:${this.#count}`];
    const admin = (...args: string[]): void => {
      const into = ['-t', String(this.host.daemon.hostPid), '-m', '-n', 'tgtadm', '--lld', 'iscsi'];
      execFileSync('nsenter', [...into, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    };
    admin('--op', 'new', '--mode', 'target', '--tid', tid, '--targetname', iqn);
    admin('--op', 'new', '--mode', 'logicalunit', '--tid', tid, '--lun', '1', '--backing-store', file);
    if (logon !== undefined) {
      const { user, password } = logon;
      const known = this.#accounts.get(user);
      if (known !== undefined && known !== password) throw new Error(`${user} has another password already`);
      if (known === undefined) admin('--op', 'new', '--mode', 'account', '--user', user, '--password', password);
      this.#accounts.set(user, password);
      admin('--op', 'bind', '--mode', 'account', '--tid', tid, '--user', user);
    }
    admin('--op', 'bind', '--mode', 'target', '--tid', tid, '--initiator-address', 'ALL');
    return iqn;
  }
}

/** A file of a shared directory, by the name of the volume. */
export const volumeFile = (shared: string, name: string): string => join(shared, `${name}.img`);
