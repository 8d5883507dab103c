import { domainSetMetadata, DomainDeviceModifyFlags, DomainMetadataType } from 'node-libvirt';
import { serialiseXml } from '../../../connectors/xml/index.js';
import { makeSo } from '../../kit/index.js';
import { VOLUME_IDS_NAMESPACE, VOLUME_IDS_PREFIX, volumeIdsXml, type VolumeIds } from '../mapping/volume-ids.js';
import { formsOf, seeDevices, type DeviceSight } from './device-sight.js';
import type { DomainChange } from './domain-change.js';

const { VIR_DOMAIN_DEVICE_MODIFY_LIVE: LIVE, VIR_DOMAIN_DEVICE_MODIFY_CONFIG: CONFIG } = DomainDeviceModifyFlags;

/** It stands in the domain's metadata which volume the disk of this alias is, where the disk itself does not tell. */
export async function noteVolumeId(change: DomainChange, alias: string, id: string): Promise<void> {
  await makeSo(change, {
    step: 'note-volume',
    noun: `note of volume ${id}`,
    doing: `noting which disk of ${change.label} volume ${id} is`,
    isSo: async () => (await seeDevices(change)).next.volumeIds.get(alias) === id,
    send: async (timeoutMs) => {
      const sight = await seeDevices(change);
      const args = {
        domain: change.ref,
        type: DomainMetadataType.VIR_DOMAIN_METADATA_ELEMENT,
        metadata: serialiseXml(volumeIdsXml(new Map([...inUse(sight), [alias, id]]))),
        key: VOLUME_IDS_PREFIX,
        uri: VOLUME_IDS_NAMESPACE,
        flags: CONFIG | (sight.live === undefined ? 0 : LIVE),
      };
      await change.caller.call(domainSetMetadata, args, { timeoutMs });
      return undefined;
    },
  });
}

/** Those of disks that are there. */
function inUse(sight: DeviceSight): VolumeIds {
  const aliases = new Set(formsOf(sight).flatMap(({ disks }) => disks.map(({ alias }) => alias)));
  return new Map([...sight.next.volumeIds].filter(([alias]) => aliases.has(alias)));
}
