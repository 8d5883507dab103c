import { attributeOf, childAt, childrenOf, element, textOf, type XmlElement } from '../../../connectors/xml/index.js';
import type { DiskFacts } from './device-facts.js';
import { DISK_ALIASES } from './domain-definition.js';
import { isVolumeAlias, volumeAlias } from './names.js';

/**
 * Which volume a disk is. Its serial number tells it, where that is the volume's id; of others the metadata of the domain do: of those
 * with a tag in place of it, and of those that others were swapped for.
 */

/** Of what stands in the metadata of a domain. */
export const VOLUME_IDS_NAMESPACE = 'urn:zenova:libvirt:volumes';
/** Prefix of its element, as libvirt's calls about metadata want it. */
export const VOLUME_IDS_PREFIX = 'zenova-volumes';

/** Ids of volumes by the aliases of their disks. */
export type VolumeIds = ReadonlyMap<string, string>;

export function volumeIdsOf(domain: XmlElement): VolumeIds {
  const found = childrenOf(childAt(domain, 'metadata')).find(({ namespace }) => namespace === VOLUME_IDS_NAMESPACE);
  return new Map(
    childrenOf(found).flatMap((volume): [string, string][] => {
      const alias = attributeOf(volume, 'alias');
      const id = textOf(volume);
      return alias === undefined || id === undefined ? [] : [[alias, id]];
    }),
  );
}

/** As libvirt's call takes it, which gives it the namespace. */
export function volumeIdsXml(ids: VolumeIds): XmlElement {
  return element('volumes', {}, ...[...ids].map(([alias, id]) => element('volume', { alias }, id)));
}

/** What belongs to the instance alone is no volume, but for the disk that it starts from. */
export function isVolume({ device, alias }: DiskFacts): boolean {
  return device !== 'cdrom' && device !== 'floppy' && alias !== DISK_ALIASES.config && alias !== DISK_ALIASES.rescue;
}

/** What a volume is called, whoever attached it. */
export function volumeIdOf({ alias, serial, target }: DiskFacts, ids: VolumeIds): string {
  return (alias === undefined ? undefined : ids.get(alias)) ?? serial ?? target;
}

/** The disk of a volume. One of a volume with a tag tells that in place of its id; its alias alone is sure. */
export function findVolume(disks: readonly DiskFacts[], ids: VolumeIds, id: string): DiskFacts | undefined {
  return disks.find((disk) => {
    const { alias } = disk;
    if (!isVolume(disk)) return false;
    if (alias === undefined || ids.has(alias) || !isVolumeAlias(alias)) return volumeIdOf(disk, ids) === id;
    return alias === volumeAlias(id);
  });
}
