import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { DiskLimits } from '../../../compute/contract/index.js';

/** What is behind a disk, in libvirt's words. */
export type DiskSource =
  | { readonly type: 'file'; readonly path: string; readonly format: 'raw' | 'qcow2' }
  | { readonly type: 'block'; readonly path: string }
  | {
      readonly type: 'iscsi';
      readonly host: string;
      readonly port: number;
      readonly target: string;
      readonly lun: number;
      /** The password is in a secret of libvirt's, and in no definition. */
      readonly auth?: { readonly user: string; readonly secretUuid: string } | undefined;
    };

export type DiskBus = 'virtio' | 'scsi' | 'sata';
export type DiskCache = 'none' | 'writethrough' | 'writeback' | 'directsync' | 'unsafe';

/** A disk of a domain. Its address is libvirt's to choose. */
export interface Disk {
  readonly source: DiskSource;
  /** `lun` gives the guest the SCSI device itself. */
  readonly device: 'disk' | 'cdrom' | 'lun';
  readonly bus: DiskBus;
  /** `vda`; names it towards libvirt, and is no promise of what the guest calls it. */
  readonly target: string;
  readonly alias?: string | undefined;
  readonly serial?: string | undefined;
  readonly cache?: DiskCache | undefined;
  readonly limits?: DiskLimits | undefined;
  readonly isReadonly?: boolean | undefined;
  readonly isShared?: boolean | undefined;
  /** UUID of the secret that opens what is encrypted with LUKS. */
  readonly encryptionSecret?: string | undefined;
  readonly boot?: BootPlace | undefined;
}

/** Its place among the devices that a domain starts from, 1 first. */
export interface BootPlace {
  readonly order: number;
  /** IBM Z: which entry of the boot menu. */
  readonly loadparm?: string | undefined;
}

export function diskXml(disk: Disk): XmlElement {
  const { source, device, bus, target, cache = 'none', isReadonly = false } = disk;
  const isLun = device === 'lun';
  return element(
    'disk',
    { type: source.type === 'iscsi' ? 'network' : source.type, device },
    element('driver', {
      name: 'qemu',
      type: source.type === 'file' ? source.format : 'raw',
      cache: isReadonly ? undefined : cache,
      // Only what goes past the page cache can be waited for by the kernel.
      io: !isReadonly && source.type === 'block' && (cache === 'none' || cache === 'directsync') ? 'native' : undefined,
      discard: isReadonly || isLun ? undefined : 'unmap',
    }),
    sourceXml(disk),
    element('target', { dev: target, bus }),
    disk.limits !== undefined && limitsXml(disk.limits),
    isReadonly && element('readonly'),
    disk.isShared === true && element('shareable'),
    disk.serial !== undefined && element('serial', {}, disk.serial),
    bootXml(disk.boot),
    disk.alias !== undefined && element('alias', { name: disk.alias }),
  );
}

export function bootXml(boot: BootPlace | undefined): XmlElement | undefined {
  return boot && element('boot', { order: boot.order, loadparm: boot.loadparm });
}

function sourceXml({ source, encryptionSecret }: Disk): XmlElement {
  const encryption =
    encryptionSecret !== undefined &&
    element('encryption', { format: 'luks' }, element('secret', { type: 'passphrase', uuid: encryptionSecret }));
  switch (source.type) {
    case 'file':
      return element('source', { file: source.path }, encryption);
    case 'block':
      return element('source', { dev: source.path }, encryption);
    case 'iscsi': {
      const { auth, host, port, target, lun } = source;
      return element(
        'source',
        { protocol: 'iscsi', name: `${target}/${lun}` },
        element('host', { name: host, port }),
        auth && element('auth', { username: auth.user }, element('secret', { type: 'iscsi', uuid: auth.secretUuid })),
        encryption,
      );
    }
  }
}

function limitsXml(limits: DiskLimits): XmlElement | false {
  // The order is that of libvirt's schema.
  const words = [
    'total_bytes_sec',
    'read_bytes_sec',
    'write_bytes_sec',
    'total_iops_sec',
    'read_iops_sec',
    'write_iops_sec',
  ] as const;
  const given = words.flatMap((word) => (limits[word] === undefined ? [] : [element(word, {}, limits[word])]));
  return given.length > 0 && element('iotune', {}, ...given);
}

/** Name of the nth disk of a bus: `vda`, `vdz`, `vdaa`. */
export function diskTarget(bus: DiskBus, index: number): string {
  let letters = '';
  for (let left = index + 1; left > 0; left = Math.floor((left - 1) / 26)) {
    letters = String.fromCharCode('a'.charCodeAt(0) + ((left - 1) % 26)) + letters;
  }
  return `${bus === 'virtio' ? 'vd' : 'sd'}${letters}`;
}

/** The first name of a bus that no other disk has. */
export function freeDiskTarget(bus: DiskBus, taken: ReadonlySet<string>): string {
  for (let index = 0; ; index += 1) {
    const target = diskTarget(bus, index);
    if (!taken.has(target)) return target;
  }
}
