import type { ChangeParams, SeedContent } from '../../../compute/contract/index.js';
import { firstBootOf, seedContent } from '../../../first-boot/index.js';
import { macAddress } from '../mapping/names.js';
import { invalid } from '../mapping/refusal.js';

/** What a guest is told at its first start, by cloud-init in it, which reads its config drive. */

type Description = ChangeParams<'spawn'>;

/**
 * Has a guest anything to be told, so that it needs a config drive?
 *
 * @throws ComputeError REQUEST_INVALID where it would not reach it
 */
export function isTold(description: Description): boolean {
  const { config_drive: wanted } = description;
  const [field] = toldFields(description);
  if (wanted === false && field !== undefined) {
    throw invalid('config_drive', `cannot be false beside ${field}, which the guest reads there`);
  }
  // Whether user data can stand beside the rest shows only where they are put together.
  if (field !== undefined) seedOf(description, '', '');
  return wanted ?? field !== undefined;
}

/** The fields that speak to the guest. */
function toldFields(description: Description): string[] {
  const fields = ['user_data', 'ssh_keys', 'admin_password', 'files', 'metadata', 'disk_config'] as const;
  const { networks = [] } = description;
  return [
    ...fields.filter((field) => isGiven(description[field])),
    ...networks.flatMap(({ addresses }, at) => (isGiven(addresses) ? [`networks.${at}.addresses`] : [])),
  ];
}

function isGiven(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== '';
}

/**
 * What stands on the config drive.
 *
 * @param instance UUID of the domain
 * @param instanceId by which cloud-init knows a first start: that of the operation
 */
export function seedOf(description: Description, instance: string, instanceId: string): SeedContent {
  const nics = (description.networks ?? []).map(({ mac, addresses }, at) => ({
    mac: mac ?? macAddress(instance, at),
    addresses,
  }));
  return seedContent(firstBootOf(description, { instanceId, nics }));
}
