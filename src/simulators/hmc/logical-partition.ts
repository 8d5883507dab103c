import { definedOnly } from '../../common/defined-only.js';
import type { CpcEntry, Timing } from './inventory.schema.js';
import type { Cpc, LogicalPartition } from './model.js';
import { canSeeCreated } from './object-access.js';
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
    'has-unacceptable-status': hasUnacceptableLparStatus(lpar),
    'activation-mode': lpar.activationMode,
    ...lpar.stored,
  };
}

export const hasUnacceptableLparStatus = ({ status }: LogicalPartition): boolean => status !== 'operating';

export function logicalPartitionFromInventory(
  entry: Extract<CpcEntry, { mode: 'classic' }>['logical_partitions'][number],
  cpc: Cpc,
  timing: Timing,
): LogicalPartition {
  const { name, status, activation_mode: activationMode, load_at_activation: loadsAtActivation } = entry;
  const id = stableUuid(cpc.name, name);
  const lpar: LogicalPartition = {
    id,
    uri: `/api/logical-partitions/${id}`,
    class: 'logical-partition',
    name,
    parent: null,
    isSeenBy: (user) => canSeeCreated(user, lpar, 'partitions'),
    grantedAs: name,
    creator: null,
    cpc,
    activationMode,
    timing: { ...timing, ...definedOnly(entry.timing ?? {}) },
    loadsAtActivation,
    status,
    stored: {
      'next-activation-profile-name': name,
      'last-used-load-address': '00000',
      'last-used-load-parameter': '',
    },
  };
  return lpar;
}
