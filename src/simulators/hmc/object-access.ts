import type { UserEntry } from './inventory.schema.js';
import type { Adapter, Cpc, LogicalPartition, Partition } from './model.js';

/** Object access to the CPC itself. */
export function canSeeCpc(user: UserEntry, cpc: Cpc): boolean {
  return user.sees === 'everything' || user.sees.some((grant) => grant.cpc === cpc.name && grant.cpc_itself);
}

/** Object access to a partition or logical partition. Who creates a partition has access to it. */
export function canSeeChild(user: UserEntry, child: Partition | LogicalPartition): boolean {
  if (user.sees === 'everything' || child.creator === user.name) return true;
  return user.sees.some(
    ({ cpc, partitions }) =>
      cpc === child.cpc.name &&
      (partitions === 'all' || (child.grantedAs !== null && partitions.includes(child.grantedAs))),
  );
}

/** Object access to an adapter, and to the virtual switches made of it. */
export function canSeeAdapter(user: UserEntry, adapter: Adapter): boolean {
  return (
    user.sees === 'everything' ||
    user.sees.some(
      ({ cpc, adapters }) => cpc === adapter.cpc.name && (adapters === 'all' || adapters.includes(adapter.name)),
    )
  );
}
