import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { HmcClient } from './hmc-client.js';
import { query } from './hmc-query.js';

/** ISO images of partitions in the HMC's words (hmc-dpm.md sections 9 and 10). */

const MountedSchema = z.object({
  'boot-iso-image-name': z.string().max(4096).nullish(),
  'boot-iso-ins-file': z.string().max(4096).nullish(),
});

/** What is mounted: the names under which somebody did it. */
export interface MountedIso {
  readonly imageName: string;
  readonly insFile: string;
}

export interface NewIso extends MountedIso {
  /** Path of the file, on this machine. */
  readonly file: string;
  readonly bytes: number;
}

export async function mountedIso(
  client: HmcClient,
  partitionUri: string,
  signal?: AbortSignal,
): Promise<MountedIso | undefined> {
  const names = Object.keys(MountedSchema.shape);
  const mounted = await client.getSome(partitionUri, names, {}, MountedSchema, signal);
  const imageName = mounted['boot-iso-image-name'] ?? '';
  return imageName === '' ? undefined : { imageName, insFile: mounted['boot-iso-ins-file'] ?? '' };
}

/** Mount ISO Image: in place of what is mounted. Its answer comes when the HMC has all of it. */
export async function mountIso(
  client: HmcClient,
  partitionUri: string,
  { imageName, insFile, file, bytes }: NewIso,
  timeoutMs: number,
): Promise<void> {
  const names = query({ 'image-name': imageName, 'ins-file-name': insFile });
  await client.request({
    method: 'POST',
    path: `${partitionUri}/operations/mount-iso-image${names}`,
    upload: { bytes, type: 'application/octet-stream', open: () => createReadStream(file) },
    timeoutMs,
  });
}

export async function unmountIso(client: HmcClient, partitionUri: string, timeoutMs: number): Promise<void> {
  await client.post(`${partitionUri}/operations/unmount-iso-image`, undefined, timeoutMs);
}
