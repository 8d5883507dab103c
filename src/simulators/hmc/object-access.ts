import type { UserEntry } from './inventory.schema.js';
import type { Adapter, Cpc, Granted } from './model.js';

/** Object access to the CPC itself. */
export function canSeeCpc(user: UserEntry, cpc: Cpc): boolean {
  return user.sees === 'everything' || user.sees.some((grant) => grant.cpc === cpc.name && grant.cpc_itself);
}

/** Object access to a partition, logical partition or storage group. Who creates one has access to it. */
export function canSeeCreated(
  user: UserEntry,
  { cpc, grantedAs, creator }: Granted & { readonly cpc: Cpc },
  kind: 'partitions' | 'storage_groups',
): boolean {
  return creator === user.name || isGranted(user, cpc, kind, grantedAs);
}

/** Object access to an adapter, and to the virtual switches made of it. */
export function canSeeAdapter(user: UserEntry, { cpc, name }: Adapter): boolean {
  return isGranted(user, cpc, 'adapters', name);
}

/** `name` null: not by its name, only as one of all. */
function isGranted(
  { sees }: UserEntry,
  { name: cpc }: Cpc,
  kind: 'partitions' | 'storage_groups' | 'adapters',
  name: string | null,
): boolean {
  if (sees === 'everything') return true;
  return sees.some(
    ({ [kind]: granted, ...grant }) =>
      grant.cpc === cpc && (granted === 'all' || (name !== null && granted.includes(name))),
  );
}
