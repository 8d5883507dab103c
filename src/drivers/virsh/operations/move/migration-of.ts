import { domainGetJobStats } from 'node-libvirt';
import { failureOf } from '../../client/libvirt-failure.js';
import { migrationJob, type MigrationJob } from '../../mapping/migration-job.js';
import type { DomainChange } from '../domain-change.js';

/** The migration of a domain away from its host; undefined when none is under way, or there is no such domain. */
export async function migrationOf({
  caller,
  ref,
  ctx,
}: Pick<DomainChange, 'caller' | 'ref' | 'ctx'>): Promise<MigrationJob | undefined> {
  try {
    const args = { domain: ref, flags: 0 };
    const { type, parameters } = await caller.call(domainGetJobStats, args, { signal: ctx.signal });
    return migrationJob(type, parameters);
  } catch (error) {
    const failure = failureOf(error);
    // A domain that does not run has no job.
    if (failure?.isNotThere === true || failure?.isWrongState === true) return undefined;
    throw error;
  }
}
