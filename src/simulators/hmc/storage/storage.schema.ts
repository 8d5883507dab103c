import { z } from 'zod';
import { matchesGlob } from '../../kit/wire-log.js';

export const STORAGE_TYPES = ['fcp', 'fc', 'nvme'] as const;
export type StorageType = (typeof STORAGE_TYPES)[number];

export const VOLUME_USAGES = ['boot', 'data', 'not-applicable'] as const;
export type VolumeUsage = (typeof VOLUME_USAGES)[number];

/** What comes of the request to the storage administrator, once the time of a fulfilment has passed. */
export const FULFILMENTS = [
  'complete',
  'never',
  'incomplete',
  'configuration-error',
  'pending-with-mismatches',
] as const;
export type Fulfilment = (typeof FULFILMENTS)[number];

/** Stands in the name of a group for that of the partition it belongs to. */
export const PARTITION_PLACEHOLDER = '{partition}';

const objectName = z.string().min(1).max(64);

const VolumeSchema = z.strictObject({
  name: objectName,
  usage: z.enum(VOLUME_USAGES).default('data'),
  size_gib: z.number().min(0.01).max(65_536),
  description: z.string().max(1024).default(''),
  uuid: z
    .string()
    .regex(/^[0-9A-F]{32}$/, 'must be 32 hexadecimal digits in upper case')
    .optional()
    .describe('Derived from the names when absent'),
  fulfilled: z
    .boolean()
    .default(true)
    .describe('Whether the storage administrator has acted already, in the way that fulfilment says'),
  fulfilment: z.enum(FULFILMENTS).default('complete').describe('What comes of the request for the volume'),
});

const StorageGroupSchema = z.strictObject({
  name: objectName.describe(
    'With {partition} in it: one group for each of the partitions, instead of one group for all of them',
  ),
  cpc: objectName,
  type: z.enum(STORAGE_TYPES).default('fcp'),
  description: z.string().max(1024).default(''),
  shared: z.boolean().default(false),
  connectivity: z.int().min(1).max(64).default(2).describe('Paths to each volume'),
  max_partitions: z.int().min(1).max(1000).optional().describe('1, or 10 when shared'),
  volumes: z.array(VolumeSchema).default([]),
  attached_to: z.array(objectName).default([]).describe('Partitions of the CPC; * stands for any characters'),
});

export const StorageGroupsSchema = z.array(StorageGroupSchema).default([]);

export type StorageGroupEntry = z.output<typeof StorageGroupSchema>;

/** The groups of a CPC as they are written for partitions of these names, those for each partition multiplied. */
export function storageGroupsFor(
  entries: readonly StorageGroupEntry[],
  cpc: string,
  partitions: readonly string[],
): StorageGroupEntry[] {
  return entries
    .filter((entry) => entry.cpc === cpc)
    .flatMap((entry) => {
      const attached = partitions.filter((name) => entry.attached_to.some((pattern) => matchesGlob(pattern, name)));
      if (!entry.name.includes(PARTITION_PLACEHOLDER)) return [{ ...entry, attached_to: attached }];
      return attached.map((name) => ({
        ...entry,
        name: entry.name.replaceAll(PARTITION_PLACEHOLDER, name),
        attached_to: [name],
      }));
    });
}

/** As much of an inventory as decides whether its groups fit its CPCs. */
interface Surroundings {
  readonly storage_groups: readonly StorageGroupEntry[];
  /** Names of the partitions of each CPC; null for a CPC in classic mode. */
  readonly partitions: ReadonlyMap<string, readonly string[] | null>;
}

/** Reports groups of CPCs that cannot have any, partitions that are not there, rules of attachment broken, names taken. */
export function reportStorageContradictions(
  { storage_groups: groups, partitions }: Surroundings,
  context: z.RefinementCtx,
): void {
  const report = (index: number, field: string, message: string): void => {
    context.addIssue({ code: 'custom', path: ['storage_groups', index, field], message });
  };
  const taken = new Set<string>();
  groups.forEach((group, index) => {
    const hosts = partitions.get(group.cpc);
    if (hosts === undefined) report(index, 'cpc', `there is no CPC "${group.cpc}"`);
    if (hosts === null) report(index, 'cpc', `the CPC "${group.cpc}" is in classic mode`);
    if (hosts === undefined || hosts === null) return;
    for (const pattern of group.attached_to) {
      if (hosts.some((name) => matchesGlob(pattern, name))) continue;
      report(index, 'attached_to', `no partition of the CPC "${group.cpc}" is named "${pattern}"`);
    }
    for (const single of storageGroupsFor([group], group.cpc, hosts)) {
      const key = JSON.stringify([group.cpc, single.name]);
      if (taken.has(key)) report(index, 'name', `the name "${single.name}" is taken already`);
      taken.add(key);
      const most = mostPartitions(single);
      if (single.attached_to.length > most) {
        report(index, 'attached_to', `the group "${single.name}" can have ${most} partitions at most`);
      }
    }
  });
}

/** The default of a property that real HMCs compute in ways of their own. */
export const mostPartitions = (group: Pick<StorageGroupEntry, 'shared' | 'max_partitions'>): number =>
  group.max_partitions ?? (group.shared ? 10 : 1);
