import { z } from 'zod';
import { uriOf } from './hmc-uri.js';

/** Answers of the HMC (hmc-dpm.md). They are not trusted, and unknown fields are ignored: every release adds some. */

const text = z.string().max(4096);
export const word = z.string().max(255);
const flag = z.boolean().nullish();
const amount = z.number().nonnegative().nullish();
export const ErrorBodySchema = z.object({
  reason: z.int().optional().catch(undefined),
  message: z.string().optional().catch(undefined),
});

export const VersionSchema = z.object({
  'hmc-version': word,
  'hmc-name': word.nullish(),
  'api-major-version': z.int(),
  'api-minor-version': z.int(),
});
export type HmcVersion = z.infer<typeof VersionSchema>;

/** It becomes a header: no blanks, no line ends. */
const visible = z.string().regex(/^[\u0021-\u007e]{1,4096}$/, 'is not a word');

export const LogonSchema = z.object({
  'api-session': visible,
  'api-major-version': z.int(),
  'api-minor-version': z.int(),
  // Who has no use for notifications does without what is wrong with them.
  'notification-topic': visible.nullish().catch(undefined),
  'job-notification-topic': visible.nullish().catch(undefined),
  'session-credential': visible.nullish().catch(undefined),
});

const CpcSchema = z.object({
  'object-uri': uriOf('cpcs'),
  name: word,
  status: word,
  'dpm-enabled': z.boolean().nullish(),
  'se-version': word.nullish(),
});
export type Cpc = z.infer<typeof CpcSchema>;
export const CpcListSchema = z.object({ cpcs: z.array(CpcSchema) });

export const CpcPropertiesSchema = z.object({
  'machine-type': word.nullish(),
  'machine-model': word.nullish(),
  'machine-serial-number': word.nullish(),
  'processor-count-ifl': amount,
  'processor-count-general-purpose': amount,
  'storage-customer': amount,
});
export type CpcProperties = z.infer<typeof CpcPropertiesSchema>;

/** What is read of a partition beside its name and status; the names serve as `properties=` too. */
const partitionFacts = {
  type: word.nullish(),
  description: text.nullish(),
  'is-locked': flag,
  'boot-device': word.nullish(),
  'ifl-processors': amount,
  'cp-processors': amount,
  'processor-mode': word.nullish(),
  'initial-memory': amount,
  'maximum-memory': amount,
  'os-name': text.nullish(),
  'os-type': text.nullish(),
  'os-version': text.nullish(),
} as const;

export const PARTITION_FACTS: readonly string[] = Object.keys(partitionFacts);

const uris = (kind: string) => z.array(z.string().regex(new RegExp(`^/api/${kind}/[A-Za-z0-9_./~-]*$`))).nullish();

/**
 * What is read besides when all of a partition is wanted. HMC 2.14 knows each of these: a name that an HMC does not know makes
 * it refuse `properties=` altogether.
 */
const partitionDetails = {
  'short-name': word.nullish(),
  'partition-id': word.nullish(),
  'auto-start': flag,
  'reserve-resources': flag,
  'threads-per-processor': amount,
  'initial-ifl-processing-weight': amount,
  'minimum-ifl-processing-weight': amount,
  'maximum-ifl-processing-weight': amount,
  'initial-cp-processing-weight': amount,
  'minimum-cp-processing-weight': amount,
  'maximum-cp-processing-weight': amount,
  'boot-timeout': amount,
  'boot-storage-volume': text.nullish(),
  'boot-network-device': text.nullish(),
  'boot-iso-image-name': text.nullish(),
  'nic-uris': uris('partitions'),
  'storage-group-uris': uris('storage-groups'),
  'degraded-adapters': uris('adapters'),
} as const;

export const PARTITION_DETAILS: readonly string[] = [...PARTITION_FACTS, ...Object.keys(partitionDetails)];
/** `additional-properties` names what a list does not give by itself. */
export const ADDITIONAL_FACTS: readonly string[] = PARTITION_DETAILS.filter((name) => name !== 'type');

export const PartitionSchema = z.object({
  name: word,
  status: word,
  /** Its CPC; lists say it in words of their own. */
  parent: uriOf('cpcs').nullish(),
  ...partitionFacts,
});
/** A partition, as far as it was asked for. */
export type Partition = z.infer<typeof PartitionSchema>;
export const PartitionDetailsSchema = PartitionSchema.extend(partitionDetails);
/** All of a partition that the driver makes use of. */
export type PartitionDetails = z.infer<typeof PartitionDetailsSchema>;

const PartitionItemSchema = z.object({
  ...PartitionDetailsSchema.shape,
  'object-uri': uriOf('partitions'),
  'cpc-name': word,
  'cpc-object-uri': uriOf('cpcs'),
});
/** An item of List Permitted Partitions. */
export type PartitionItem = z.infer<typeof PartitionItemSchema>;
export const PartitionListSchema = z.object({ partitions: z.array(PartitionItemSchema) });

export const CreatedPartitionSchema = z.object({ 'object-uri': uriOf('partitions') });

export const JobReferenceSchema = z.object({ 'job-uri': uriOf('jobs') });

export const JobSchema = z.object({
  status: z.enum(['running', 'cancel-pending', 'canceled', 'complete']),
  'job-status-code': z.int().nullish(),
  'job-reason-code': z.int().nullish(),
  'job-results': z.object({ message: text.nullish(), error: text.nullish() }).nullish().catch(null),
});
export type Job = z.infer<typeof JobSchema>;
