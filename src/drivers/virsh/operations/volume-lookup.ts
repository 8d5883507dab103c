import {
  connectListAllDomains,
  connectListAllNodeDevices,
  ConnectListAllNodeDeviceFlags,
  domainGetBlockInfo,
  domainGetXmlDesc,
  DomainXMLFlags,
  nodeDeviceGetXmlDesc,
  type CallOptions,
} from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, Volume } from '../../../compute/contract/index.js';
import { parseXml } from '../../../connectors/xml/index.js';
import { Errno, failureOf } from '../client/libvirt-failure.js';
import { unlessMissing } from '../client/unless-missing.js';
import type { Disk } from '../mapping/disk.js';
import { diskSourceKey, mirrorKeyOf, sourceKeyOf } from '../mapping/disk-source.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { devicePathsOf } from '../mapping/storage-xml.js';
import type { DomainChange } from './domain-change.js';
import type { VirshPlace } from './virsh-place.js';

/** Names of the host's block devices, for a volume that is found by them. */
export async function devicePathsFor(
  ctx: CallContext,
  place: VirshPlace,
  { connection }: Volume,
): Promise<readonly string[] | undefined> {
  return connection.type === 'fibre_channel' ? await storagePaths(ctx, place) : undefined;
}

/** Names of the host's block devices, as far as libvirt tells of them. @throws the failure of libvirt */
export async function storagePaths(ctx: CallContext, place: VirshPlace): Promise<readonly string[]> {
  const caller = place.caller(ctx);
  const options = { signal: ctx.signal };
  const flags = ConnectListAllNodeDeviceFlags.VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE;
  const { devices } = await caller.call(connectListAllNodeDevices, { flags }, options);
  const found = await Promise.all(
    devices.map(async ({ name }) => {
      const device = await unlessMissing('device', () => caller.call(nodeDeviceGetXmlDesc, { name }, options));
      // Otherwise it has gone meanwhile.
      return device === undefined ? [] : devicePathsOf(parseXml(device.xml));
    }),
  );
  return found.flat();
}

/** A volume as it is looked for among those that domains have. */
export interface SoughtVolume {
  readonly id: string;
  /** As {@link diskSourceKey} has it. */
  readonly key: string;
  readonly isShared: boolean;
}

/** The one that a disk is to be. */
export function soughtAs({ id }: Volume, { source, isShared = false }: Disk): SoughtVolume {
  return { id, key: diskSourceKey(source), isShared };
}

/**
 * Refuses a volume that another domain of the host has, and that both do not share, or that a disk of one is being copied to. Whether
 * one that is shared has a file system for that is for who asks.
 *
 * @throws ComputeError STATE_CONFLICT
 */
export async function refuseTaken(
  ctx: CallContext,
  place: VirshPlace,
  own: string,
  { id, key, isShared }: SoughtVolume,
): Promise<void> {
  for (const other of await otherDomains(ctx, place, own)) {
    if (other.disks.some((one) => mirrorKeyOf(one) === key)) {
      throw new ComputeError(
        'STATE_CONFLICT',
        `volume ${id} is being written by domain ${other.name} of ${place.label}, which copies a disk to it; name another one, or wait until that has come to nothing`,
        { driver: DRIVER_NAME, details: { volume: id, instance: other.name } },
      );
    }
    const has = other.disks.find((one) => sourceKeyOf(one) === key);
    if (has === undefined || (isShared && has.isShared)) continue;
    throw new ComputeError(
      'STATE_CONFLICT',
      `volume ${id} is attached to domain ${other.name} of ${place.label}: ${
        has.isShared
          ? 'it is shared, so attach it with multiattach'
          : isShared
            ? 'it has it for itself alone, without multiattach'
            : 'detach it there first, or attach it to both with multiattach'
      }`,
      { driver: DRIVER_NAME, details: { volume: id, instance: other.name } },
    );
  }
}

/** All other domains of the host, as they are now and as they will be at their next start. */
export async function otherDomains(ctx: CallContext, place: VirshPlace, own: string): Promise<DomainFacts[]> {
  const caller = place.caller(ctx);
  const options: CallOptions = { signal: ctx.signal };
  const { domains } = await caller.call(connectListAllDomains, {}, options);
  const forms = domains
    .filter(({ uuid }) => uuid !== own)
    .flatMap((domain) => [
      { domain, flags: 0 },
      ...(domain.id < 0 ? [] : [{ domain, flags: DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE }]),
    ]);
  const found = await Promise.all(
    forms.map(async (form) => {
      const definition = await unlessMissing('domain', () => caller.call(domainGetXmlDesc, form, options));
      return definition && domainFacts(parseXml(definition.xml));
    }),
  );
  return found.filter((facts) => facts !== undefined);
}

/**
 * Looks at the file or the device of a disk. Of a domain that does not run libvirt does so only when it is asked.
 *
 * @param what for people: "volume data"
 * @returns why it cannot be used; undefined when nothing is wrong with it
 */
export async function lookAtFile(
  change: DomainChange,
  what: string,
  { target, source = 'such file' }: DiskFacts,
): Promise<ComputeError | undefined> {
  const { caller, ctx, ref, place } = change;
  try {
    await caller.call(domainGetBlockInfo, { domain: ref, path: target }, { signal: ctx.signal });
    return undefined;
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.errno === undefined || failure.isTransient) throw error;
    switch (failure.errno) {
      case Errno.ENOENT:
      case Errno.ENOTDIR:
        return change.error('RESOURCE_NOT_FOUND', `${what} is not there: ${place.label} has no ${source}`);
      case Errno.EISDIR:
        return change.error('REQUEST_INVALID', `${what} is none: ${source} of ${place.label} is a folder`);
      default:
        return change.error('BACKEND_REJECTED', `${what} cannot be read at ${place.label}: ${failure.text}`);
    }
  }
}
