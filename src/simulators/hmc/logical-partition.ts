import type { CpcEntry } from './inventory.schema.js';
import type { Cpc, LogicalPartition } from './model.js';
import { canSeeChild } from './object-access.js';
import { stableUuid } from './object-id.js';

/** The properties of a logical partition as the HMC returns them. */
export function logicalPartitionProperties(lpar: LogicalPartition): Record<string, unknown> {
  return {
    'object-uri': lpar.uri,
    'object-id': lpar.id,
    parent: lpar.cpc.uri,
    class: 'logical-partition',
    name: lpar.name,
    status: lpar.status,
    'has-unacceptable-status': lpar.status !== 'operating',
    'activation-mode': lpar.activationMode,
    'next-activation-profile-name': lpar.name,
    'last-used-load-address': '00000',
    'last-used-load-parameter': '',
  };
}

export function logicalPartitionFromInventory(
  {
    name,
    status,
    activation_mode: activationMode,
  }: Extract<CpcEntry, { mode: 'classic' }>['logical_partitions'][number],
  cpc: Cpc,
): LogicalPartition {
  const id = stableUuid(cpc.name, name);
  const lpar: LogicalPartition = {
    id,
    uri: `/api/logical-partitions/${id}`,
    class: 'logical-partition',
    name,
    parent: null,
    isSeenBy: (user) => canSeeChild(user, lpar),
    grantedAs: name,
    creator: null,
    cpc,
    activationMode,
    status,
  };
  return lpar;
}
