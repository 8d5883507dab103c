import { attributeOf, childAt, element, required, textOf, type XmlElement } from '../../../connectors/xml/index.js';
import { bytesOf } from './units.js';

/** A volume of a storage pool that is to be made. */
export interface NewStorageVolume {
  readonly name: string;
  readonly format: 'raw' | 'qcow2';
  readonly capacityBytes: number;
  /** What it holds where nothing was written to it (qcow2). */
  readonly backing?: { readonly path: string; readonly format: 'raw' | 'qcow2' } | undefined;
}

export function storageVolumeXml({ name, format, capacityBytes, backing }: NewStorageVolume): XmlElement {
  return element(
    'volume',
    {},
    element('name', {}, name),
    element('capacity', { unit: 'bytes' }, capacityBytes),
    // It takes room as it is written to.
    element('allocation', { unit: 'bytes' }, 0),
    element(
      'target',
      {},
      element('format', { type: format }),
      // What guests have on it is nobody else's to read.
      element('permissions', {}, element('mode', {}, '0600')),
      // Of older qcow2, what a guest gives back shows what its image has there.
      format === 'qcow2' && element('compat', {}, '1.1'),
    ),
    backing &&
      element('backingStore', {}, element('path', {}, backing.path), element('format', { type: backing.format })),
  );
}

export interface StorageVolumeFacts {
  readonly name: string;
  readonly path: string | undefined;
  readonly format: string | undefined;
  readonly capacityBytes: number;
  readonly allocationBytes: number | undefined;
  /** Of the file itself. */
  readonly fileBytes: number;
  readonly backingPath: string | undefined;
  /** When it was written to, in milliseconds since the epoch, by the host's clock. */
  readonly writtenAt: number | undefined;
}

/** @throws XmlFailure unexpected */
export function storageVolumeFacts(volume: XmlElement): StorageVolumeFacts {
  const name = required(textOf(childAt(volume, 'name')), 'the name of the volume');
  const writtenAt = Number(textOf(childAt(volume, 'target', 'timestamps', 'mtime')) ?? Number.NaN) * 1000;
  return {
    name,
    path: textOf(childAt(volume, 'target', 'path')),
    format: attributeOf(childAt(volume, 'target', 'format'), 'type'),
    capacityBytes: required(bytesOf(childAt(volume, 'capacity'), 'bytes'), `the capacity of the volume ${name}`),
    allocationBytes: bytesOf(childAt(volume, 'allocation'), 'bytes'),
    // libvirt leaves it out where there is nothing.
    fileBytes: bytesOf(childAt(volume, 'physical'), 'bytes') ?? 0,
    backingPath: textOf(childAt(volume, 'backingStore', 'path')),
    writtenAt: Number.isFinite(writtenAt) ? writtenAt : undefined,
  };
}

/** A pool of files in a directory. */
export function directoryPoolXml({ name, uuid, path }: { name: string; uuid: string; path: string }): XmlElement {
  return element(
    'pool',
    { type: 'dir' },
    element('name', {}, name),
    element('uuid', {}, uuid),
    // Guests have to get through it to their disks.
    element('target', {}, element('path', {}, path), element('permissions', {}, element('mode', {}, '0711'))),
  );
}

export interface StoragePoolFacts {
  readonly name: string;
  readonly uuid: string | undefined;
  readonly type: string;
  /** Where on the host its volumes are. */
  readonly path: string | undefined;
  readonly capacityBytes: number | undefined;
  readonly availableBytes: number | undefined;
}

/** @throws XmlFailure unexpected */
export function storagePoolFacts(pool: XmlElement): StoragePoolFacts {
  return {
    name: required(textOf(childAt(pool, 'name')), 'the name of the pool'),
    uuid: textOf(childAt(pool, 'uuid')),
    type: required(attributeOf(pool, 'type'), 'the type of the pool'),
    path: textOf(childAt(pool, 'target', 'path')),
    capacityBytes: bytesOf(childAt(pool, 'capacity'), 'bytes'),
    availableBytes: bytesOf(childAt(pool, 'available'), 'bytes'),
  };
}

/** Names of the host's block devices, of the definition of one of its node devices. */
export function devicePathsOf(nodeDevice: XmlElement): string[] {
  return nodeDevice.children.flatMap((child) =>
    typeof child === 'object' && child.name === 'devnode' ? (textOf(child) ?? []) : [],
  );
}
