import type { OperationId } from '../../../common/ids.js';
import { mountedIso, mountIso, unmountIso, type MountedIso, type NewIso } from '../client/hmc-iso.js';
import type { HmcChange } from './hmc-change.js';
import { makeSo, settle, type Settled } from '../../kit/index.js';

/** The slowest way to an HMC that is waited for, bytes in a millisecond: 4 MiB/s. */
const LEAST_SPEED = (4 * 1024 * 1024) / 1000;

const PURPOSES = ['image', 'rescue'] as const;
/** What an ISO image of ours is mounted for. */
export type IsoPurpose = (typeof PURPOSES)[number];

/** Name of an ISO image that an operation mounts: by it every attempt knows it again. */
export function isoName(purpose: IsoPurpose, operationId: OperationId): string {
  return `zenova-${purpose}-${operationId}.iso`;
}

/** Is this the name of one that an operation of ours has mounted for this? */
export function isIsoFor(purpose: IsoPurpose, name: string | undefined): boolean {
  return name?.startsWith(`zenova-${purpose}-`) ?? false;
}

/** Has an operation mounted what is mounted under this name? */
export function isOurIso(name: string): boolean {
  return PURPOSES.some((purpose) => isIsoFor(purpose, name));
}

/**
 * Mounts an ISO image, unless one of this name is mounted. Not while the partition starts or stops; one that runs goes on.
 *
 * @param iso its name tells it from all others, since the HMC says no more of what is mounted
 */
export function ensureIso(change: HmcChange, partitionUri: string, iso: NewIso): Promise<Settled<MountedIso>> {
  const { client, ctx, place, target } = change;
  const requestTimeoutMs = place.pacing.requestTimeoutMs + Math.ceil(iso.bytes / LEAST_SPEED);
  change.notCounting(requestTimeoutMs);
  return settle<MountedIso>(change, {
    step: 'mount-iso-image',
    noun: `mounting of ISO image ${iso.imageName}`,
    doing: `mounting ISO image ${iso.imageName} to partition ${target.name}`,
    requestTimeoutMs,
    look: async () => {
      const mounted = await mountedIso(client, partitionUri, ctx.signal);
      return mounted?.imageName === iso.imageName ? mounted : undefined;
    },
    send: async (timeoutMs) => {
      await mountIso(client, partitionUri, iso, timeoutMs);
      return undefined;
    },
  });
}

/** Unmounts what is mounted. Not while the partition starts or stops. */
export function ensureNoIso(change: HmcChange, partitionUri: string): Promise<boolean> {
  const { client, ctx, target } = change;
  return makeSo(change, {
    step: 'unmount-iso-image',
    noun: 'unmounting of the ISO image',
    doing: `unmounting the ISO image of partition ${target.name}`,
    isSo: async () => (await mountedIso(client, partitionUri, ctx.signal)) === undefined,
    send: async (timeoutMs) => {
      await unmountIso(client, partitionUri, timeoutMs);
      return undefined;
    },
  });
}
