import { z } from 'zod';
import type { CallContext } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import type { PartitionDetails } from '../client/hmc-schemas.js';
import { KEPT_PROPERTIES, type KeptBoot } from '../mapping/kept-boot.js';
import { ensureProperties } from './ensure-properties.js';
import type { PartitionChange } from './partition-change.js';

const valueSchema = z.union([z.string().max(512), z.int(), z.boolean()]).nullish();
const BootSettingsSchema = z.object({
  description: z.string().max(4096).nullish(),
  'boot-iso-image-name': z.string().max(4096).nullish(),
  ...Object.fromEntries(KEPT_PROPERTIES.map((name) => [name, valueSchema])),
});

/** What a partition starts from, and its description. */
export interface BootState {
  readonly description: string;
  readonly isoName: string | undefined;
  readonly boot: KeptBoot;
}

export async function bootStateOf(
  client: HmcClient,
  partitionUri: string,
  { signal }: Pick<CallContext, 'signal'>,
): Promise<BootState> {
  const names = ['description', 'boot-iso-image-name', ...KEPT_PROPERTIES];
  const { description, ...read } = await client.getSome(partitionUri, names, {}, BootSettingsSchema, signal);
  const { 'boot-iso-image-name': isoName, ...boot } = read;
  return { description: description ?? '', isoName: isoName ?? undefined, boot };
}

/** Gives a partition another description, which keeps its boot settings or does so no more. */
export async function ensureDescription(
  change: PartitionChange,
  words: { readonly step: string; readonly noun: string; readonly doing: string },
  description: string,
): Promise<void> {
  const isSo = (partition: PartitionDetails): boolean => (partition.description ?? '') === description;
  await ensureProperties(change, { ...words, properties: { description }, isSo });
}
