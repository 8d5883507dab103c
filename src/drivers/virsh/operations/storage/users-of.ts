import { connectListAllDomains, domainGetXmlDesc, DomainXMLFlags, type Caller, type CallOptions } from 'node-libvirt';
import { parseXml } from '../../../../connectors/xml/index.js';
import { failureOf } from '../../client/libvirt-failure.js';
import { filesOf } from '../../mapping/domain-files.js';
import { isOfImage } from '../../mapping/image-volume.js';
import type { StoragePool } from './storage-pool.js';

/**
 * Who needs a volume: disks of the pool that grow out of it, and domains that have it themselves.
 *
 * @returns for people: "volume zenova-…-root", "domain web01"
 */
export async function usersOf(
  caller: Caller,
  pool: StoragePool,
  volume: string,
  options: CallOptions,
): Promise<string[]> {
  const path = `${pool.path}/${volume}`;
  const disks: string[] = [];
  for (const name of await pool.volumeNames(options)) {
    if (isOfImage(name)) continue;
    if ((await pool.find(name, options))?.backingPath === path) disks.push(`volume ${name}`);
  }
  return [...disks, ...(await domainsWith(caller, path, options))];
}

async function domainsWith(caller: Caller, path: string, options: CallOptions): Promise<string[]> {
  const { domains } = await caller.call(connectListAllDomains, {}, options);
  const found: string[] = [];
  for (const domain of domains) {
    // As it runs, and as it will be at its next start.
    for (const flags of [0, DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE]) {
      try {
        const { xml } = await caller.call(domainGetXmlDesc, { domain, flags }, options);
        if (!filesOf(parseXml(xml)).has(path)) continue;
        found.push(`domain ${domain.name}`);
        break;
      } catch (error) {
        // It has gone meanwhile.
        if (failureOf(error)?.missing !== 'domain') throw error;
      }
    }
  }
  return found;
}
