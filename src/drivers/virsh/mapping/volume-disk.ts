import { SecretUsageType } from 'node-libvirt';
import type { DiskLimits, Volume } from '../../../compute/contract/index.js';
import type { Disk, DiskBus, DiskCache, DiskSource } from './disk.js';
import { fibreChannelPath } from './fibre-channel.js';
import { requireHostPath, requireText, secretUuid, volumeAlias } from './names.js';
import { invalid, limited } from './refusal.js';

/** What a virtio disk tells its guest of its serial number; longer ones are cut off. */
const VIRTIO_SERIAL_LENGTH = 20;
const SERIAL = /^[A-Za-z0-9_.+ -]*$/;
/** libvirt takes no larger ones. */
const LARGEST_LIMIT = 1_000_000_000_000_000;
const ISCSI_PORT = 3260;

/** Where in a domain a volume comes. */
export interface VolumePlace {
  /** Of the instance: the secrets of its volumes are named after it. */
  readonly instance: string;
  readonly bus: DiskBus;
  readonly target: string;
  readonly cache?: DiskCache | undefined;
  readonly boot?: Disk['boot'];
  /** Names of the host's block devices, for fibre channel. */
  readonly devicePaths?: readonly string[] | undefined;
}

/** What of a volume is kept in libvirt before it can be attached: a password or a key, under the UUID that its disk refers to. */
export interface VolumeSecret {
  readonly uuid: string;
  readonly usage: 'iscsi' | 'volume';
  /** What it is for, as people see it in the list of secrets; libvirt wants another one for each. */
  readonly name: string;
  readonly value: string;
}

/**
 * Refuses a volume that could never be attached, wherever it is.
 *
 * @param field where it stands in the request
 * @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED
 */
export function admitVolume(field: string, volume: Volume, bus: DiskBus): void {
  const { connection, encryption, multiattach = false, tag } = volume;
  requireText(`${field}.id`, volume.id);
  if (connection.type === 'file' || connection.type === 'block') {
    requireHostPath(`${field}.connection.path`, connection.path);
  }
  if (connection.type === 'iscsi') {
    portalOf(`${field}.connection.portal`, connection.portal);
    if (!/^[A-Za-z0-9.:_-]+$/.test(connection.target))
      throw invalid(`${field}.connection.target`, 'is no name of a target');
    if (connection.auth !== undefined) requireText(`${field}.connection.auth.user`, connection.auth.user);
  }
  if (connection.type === 'fibre_channel' && (connection.wwpns === undefined || connection.lun === undefined)) {
    throw limited(`${field}.connection`, 'a volume behind fibre channel is found by its wwpns and its lun');
  }
  if (encryption?.format === 'luks2') {
    throw limited(`${field}.encryption.format`, 'QEMU opens what is encrypted with luks, and not with luks2');
  }
  if (multiattach && connection.type === 'file' && connection.format === 'qcow2') {
    throw invalid(`${field}.multiattach`, 'a qcow2 file can have one writer only; use raw');
  }
  if (tag !== undefined) admitTag(`${field}.tag`, tag, bus);
  admitLimits(`${field}.limits`, volume.limits);
}

function admitTag(field: string, tag: string, bus: DiskBus): void {
  if (!SERIAL.test(tag)) throw limited(field, 'is the serial number of the disk, which can hold no colon');
  if (bus === 'virtio' && tag.length > VIRTIO_SERIAL_LENGTH) {
    throw limited(field, `is the serial number of the disk, of which guests see ${VIRTIO_SERIAL_LENGTH} characters`);
  }
}

/** @throws ComputeError REQUEST_INVALID */
export function admitLimits(field: string, limits: DiskLimits = {}): void {
  for (const what of ['bytes', 'iops'] as const) {
    const parts = [limits[`read_${what}_sec`], limits[`write_${what}_sec`]];
    if (limits[`total_${what}_sec`] !== undefined && parts.some((part) => part !== undefined)) {
      throw invalid(field, `total_${what}_sec cannot stand beside read_${what}_sec or write_${what}_sec`);
    }
  }
  const tooLarge = Object.entries(limits).find(([, value]) => value !== undefined && value > LARGEST_LIMIT);
  if (tooLarge !== undefined) throw invalid(`${field}.${tooLarge[0]}`, `must be ${LARGEST_LIMIT} at most`);
}

/**
 * The disk of a volume that was admitted.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND when the host sees no such device behind fibre channel
 */
export function volumeDisk(field: string, volume: Volume, place: VolumePlace): Disk {
  const { id, connection, encryption, tag, multiattach = false } = volume;
  return {
    source: sourceOf(field, volume, place),
    device: 'disk',
    bus: place.bus,
    target: place.target,
    alias: volumeAlias(id),
    serial: tag ?? (SERIAL.test(id) && id.length <= 36 ? id : undefined),
    // Whoever else has it must see what was written.
    cache: multiattach || connection.type !== 'file' ? 'none' : place.cache,
    limits: volume.limits,
    isShared: multiattach,
    encryptionSecret: encryption && secretUuid(place.instance, id, 'encryption'),
    boot: place.boot,
  };
}

function sourceOf(field: string, { id, connection }: Volume, { instance, devicePaths = [] }: VolumePlace): DiskSource {
  switch (connection.type) {
    case 'file':
      return { type: 'file', path: connection.path, format: connection.format ?? 'raw' };
    case 'block':
      return { type: 'block', path: connection.path };
    case 'fibre_channel':
      return { type: 'block', path: fibreChannelPath(`${field}.connection`, connection, devicePaths) };
    case 'iscsi': {
      const { portal, target, lun, auth } = connection;
      return {
        type: 'iscsi',
        ...portalOf(`${field}.connection.portal`, portal),
        target,
        lun,
        auth: auth && { user: auth.user, secretUuid: secretUuid(instance, id, 'chap') },
      };
    }
  }
}

/** The secrets that have to be there before its disk is. */
export function volumeSecrets(instance: string, { id, connection, encryption }: Volume): VolumeSecret[] {
  const secret = (purpose: 'chap' | 'encryption', usage: VolumeSecret['usage'], value: string): VolumeSecret => {
    const uuid = secretUuid(instance, id, purpose);
    // What the secret of a volume is for is a path to libvirt, though it looks at none.
    return { uuid, usage, name: `${usage === 'volume' ? '/' : ''}zenova-${instance}-${purpose}-${uuid}`, value };
  };
  return [
    ...(connection.type === 'iscsi' && connection.auth !== undefined
      ? [secret('chap', 'iscsi', connection.auth.password)]
      : []),
    ...(encryption === undefined ? [] : [secret('encryption', 'volume', encryption.key)]),
  ];
}

/** What a secret of a volume is for, as libvirt's calls tell. */
export function kindOfSecret(usageType: number): VolumeSecret['usage'] {
  return usageType === SecretUsageType.VIR_SECRET_USAGE_TYPE_ISCSI ? 'iscsi' : 'volume';
}

/** Was a secret made for a volume of this instance? @param name as {@link VolumeSecret} has it */
export function isSecretOf(instance: string, name: string): boolean {
  return name.replace(/^\//, '').startsWith(`zenova-${instance}-`);
}

function portalOf(field: string, portal: string): { host: string; port: number } {
  const [, v6, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(portal) ?? [];
  const host = v6 ?? plain;
  const port = digits === undefined ? ISCSI_PORT : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    throw invalid(field, 'must be host:port, with an IPv6 address in brackets');
  }
  return { host, port };
}
