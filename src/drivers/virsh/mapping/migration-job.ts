import { DomainJobOperation, DomainJobType, valuesOf, type TypedParameter } from 'node-libvirt';

/** What libvirt tells of the job of a domain. */
export interface MigrationJob {
  /** How much of what is to be copied is copied. A guest that writes faster than it is copied never comes to 100. */
  readonly percent: number;
  readonly remainingMib: number;
  /** Is it at the memory, which comes after disks that are copied? */
  readonly isAtMemory: boolean;
}

const MIB = 1024 * 1024;
const UNDER_WAY: ReadonlySet<number> = new Set([
  DomainJobType.VIR_DOMAIN_JOB_BOUNDED,
  DomainJobType.VIR_DOMAIN_JOB_UNBOUNDED,
]);

/** A migration away from the host; undefined when none is under way. */
export function migrationJob(type: number, parameters: readonly TypedParameter[]): MigrationJob | undefined {
  const values = valuesOf(parameters);
  const operation = values.get('operation');
  // Older daemons do not say of what kind it is.
  const isMigration =
    operation === undefined || operation === DomainJobOperation.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
  if (!UNDER_WAY.has(type) || !isMigration) return undefined;
  const bytes = (name: string): number => Math.max(0, Number(values.get(name) ?? 0));
  const total = bytes('memory_total') + bytes('disk_total');
  const remaining = bytes('memory_remaining') + bytes('disk_remaining');
  return {
    // Before its first round it tells nothing.
    percent: total === 0 ? 0 : Math.max(0, Math.min(99, Math.floor((100 * (total - remaining)) / total))),
    remainingMib: Math.ceil(remaining / MIB),
    isAtMemory: bytes('memory_total') > 0,
  };
}
