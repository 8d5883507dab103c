import { z } from 'zod';
import type { ChangeParams, Network } from '../../../compute/contract/index.js';
import { firstBootOf, hashedPassword, seedContent, seedMedium } from '../../../first-boot/index.js';
import type { SeedMedium } from '../../../images/index.js';
import { instanceFiles, macAddress } from '../mapping/names.js';
import { invalid } from '../mapping/refusal.js';
import type { DomainChange } from './domain-change.js';
import { readConfigDrive } from './storage/config-drive.js';
import type { StoragePool } from './storage/storage-pool.js';

/**
 * What a guest is told at its first start, by cloud-init in it, which reads its config drive. A later operation that makes it start
 * over tells it the same once more: nobody has kept that but the drive itself, which holds it a second time, in a file of ours.
 */

type Description = ChangeParams<'spawn'>;

/** The file of ours beside those of cloud-init. */
const TOLD_FILE = 'zenova.json';

const AddressesSchema = z.array(
  z.object({
    address: z.string(),
    gateway: z.string().optional(),
    nameservers: z.array(z.string()).optional(),
  }),
);
const ToldSchema = z.object({
  user_data: z.string().optional(),
  ssh_keys: z.array(z.string()).optional(),
  files: z.array(z.object({ path: z.string(), content: z.string(), mode: z.string().optional() })).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  disk_config: z.enum(['auto', 'manual']).optional(),
  /** As guests keep it. */
  password_hash: z.string().optional(),
  /** By the MAC addresses of their interfaces. */
  addresses: z.record(z.string(), AddressesSchema),
});
/** What a guest was told, but for what a new start changes. */
export type Told = z.output<typeof ToldSchema>;

/**
 * What the guest was told at its launch, as far as its config drive tells.
 *
 * @throws what `JSON.parse` and zod throw
 */
export async function toldBefore(change: DomainChange, pool: StoragePool): Promise<Told | undefined> {
  const text = await readConfigDrive(change, pool, instanceFiles(change.uuid).configDrive, TOLD_FILE);
  return text === undefined ? undefined : ToldSchema.parse(JSON.parse(text));
}

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
  if (field !== undefined) configOf(description.name, firstTold(description, '', ''), '', []);
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
 * What the guest of a description is told.
 *
 * @param instance UUID of the domain
 * @param instanceId by which cloud-init knows a first start: that of the operation
 */
export function firstTold(description: Description, instance: string, instanceId: string): Told {
  const { user_data, ssh_keys, files, metadata, disk_config, admin_password: password, networks = [] } = description;
  const addressed = networks.flatMap(({ mac, addresses }, at): [string, NonNullable<Network['addresses']>][] =>
    addresses === undefined ? [] : [[(mac ?? macAddress(instance, at)).toLowerCase(), addresses]],
  );
  return {
    user_data,
    ssh_keys,
    files,
    metadata,
    disk_config,
    password_hash: password === undefined ? undefined : hashedPassword(password, instanceId),
    addresses: Object.fromEntries(addressed),
  };
}

/** MAC addresses of the interfaces of a description, in its order. */
export function macsOf({ networks = [] }: Description, instance: string): string[] {
  return networks.map(({ mac }, at) => (mac ?? macAddress(instance, at)).toLowerCase());
}

/**
 * What stands on a config drive.
 *
 * @param macs of its interfaces
 * @throws ComputeError REQUEST_INVALID when the caller's user data cannot stand beside the rest
 */
export function configOf(name: string, told: Told, instanceId: string, macs: readonly string[]): SeedMedium {
  const nics = macs.map((mac) => ({ mac, addresses: told.addresses[mac] }));
  const firstBoot = firstBootOf({ ...told, name }, { instanceId, nics, passwordHash: told.password_hash });
  return new Map([...seedMedium(seedContent(firstBoot)), [TOLD_FILE, Buffer.from(JSON.stringify(told))]]);
}

/** The same with another password, when one is given. */
export function withPassword(told: Told, password: string | undefined, instanceId: string): Told {
  return password === undefined ? told : { ...told, password_hash: hashedPassword(password, instanceId) };
}
