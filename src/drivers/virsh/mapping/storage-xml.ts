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
  readonly backingPath: string | undefined;
}

/** @throws XmlFailure unexpected */
export function storageVolumeFacts(volume: XmlElement): StorageVolumeFacts {
  const name = required(textOf(childAt(volume, 'name')), 'the name of the volume');
  return {
    name,
    path: textOf(childAt(volume, 'target', 'path')),
    format: attributeOf(childAt(volume, 'target', 'format'), 'type'),
    capacityBytes: required(bytesOf(childAt(volume, 'capacity'), 'bytes'), `the capacity of the volume ${name}`),
    allocationBytes: bytesOf(childAt(volume, 'allocation'), 'bytes'),
    backingPath: textOf(childAt(volume, 'backingStore', 'path')),
  };
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
