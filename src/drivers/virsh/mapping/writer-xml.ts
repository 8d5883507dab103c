import { attributeOf, childAt, element, type XmlElement } from '../../../connectors/xml/index.js';
import { DISK_ALIASES } from './domain-definition.js';
import type { DiskFacts } from './device-facts.js';
import type { DomainFacts } from './domain-facts.js';
import { markXml } from './instance-mark.js';
import { writerOf } from './names.js';

/** A domain whose processors never run: what its disk is, QEMU opens as it does for a guest, whatever kind of volume that is. */

/** Of its one disk. */
export const WRITER_DISK = 'vda';
const MEMORY_MIB = 64;

/**
 * The writer of an instance, on a machine as the instance itself has.
 *
 * @param instance its definition
 * @param operation whose writer it is
 */
export function writerXml(
  instance: XmlElement,
  { uuid }: DomainFacts,
  operation: string,
  disk: XmlElement,
): XmlElement {
  const type = childAt(instance, 'os', 'type');
  const writer = writerOf(uuid);
  const isPc = attributeOf(type, 'arch') === 'x86_64';
  return element(
    'domain',
    { type: attributeOf(instance, 'type') },
    element('name', {}, writer.name),
    element('uuid', {}, writer.uuid),
    element('metadata', {}, markXml({ operation })),
    element('memory', { unit: 'MiB' }, MEMORY_MIB),
    element('vcpu', {}, 1),
    element('os', {}, type),
    element(
      'devices',
      {},
      childAt(instance, 'devices', 'emulator'),
      isPc && element('controller', { type: 'usb', model: 'none' }),
      disk,
      element('memballoon', { model: 'none' }),
    ),
  );
}

/** Its disk, with what is behind one of the instance's. */
export function writerDiskXml(
  { sourceType, format, isShared, xml }: DiskFacts,
  { isReadonly = false }: { readonly isReadonly?: boolean } = {},
): XmlElement {
  return element(
    'disk',
    { type: sourceType, device: 'disk' },
    element('driver', { name: 'qemu', type: format ?? 'raw' }),
    // Where it was described so; libvirt itself has them in the source.
    childAt(xml, 'auth'),
    childAt(xml, 'source'),
    childAt(xml, 'encryption'),
    element('target', { dev: WRITER_DISK, bus: 'virtio' }),
    isReadonly && element('readonly'),
    isShared && element('shareable'),
  );
}

/** Does a disk show only what was written since another one was made? Of one that is not open it cannot be told. */
export function hasBackingStore({ xml }: DiskFacts): boolean {
  return childAt(xml, 'backingStore', 'source') !== undefined;
}

/** What an instance starts from: the first disk in its order that it can write to, or its root disk; undefined where that is another host. */
export function bootDiskOf({ disks, bootOrder }: DomainFacts): DiskFacts | undefined {
  const written = disks.filter(({ device, isReadonly }) => (device === 'disk' || device === 'lun') && !isReadonly);
  const ordered = bootOrder.flatMap((name) =>
    name === 'hd' ? written.slice(0, 1) : written.filter(({ target }) => target === name),
  );
  return ordered[0] ?? written.find(({ alias }) => alias === DISK_ALIASES.root);
}
