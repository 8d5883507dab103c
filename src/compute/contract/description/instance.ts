import { z } from 'zod';
import { AbsolutePathSchema, NameSchema } from '../fields.js';
import { FlavorSchema } from './flavor.js';
import { ImageSourceSchema } from './image.js';
import { FirewallRuleSchema, NetworkSchema } from './network.js';
import { DiskLimitsSchema, VolumeSchema } from './volume.js';

/** A request must fit into a message, so that this much text is more than enough. */
const MAX_TEXT = 1 << 20;

export const AdminPasswordSchema = z.string().min(1).max(1024);
const UserDataSchema = z.string().max(MAX_TEXT).describe('cloud-config or a script, for cloud-init');
const SshKeysSchema = z.array(z.string().min(1).max(16_384)).max(100);

/** What an instance starts from. */
export const BootSchema = z.strictObject({
  from: z.enum(['image', 'volume', 'network', 'iso', 'ftp']),
  volume: NameSchema.optional().describe('id of the volume, when there are several'),
  network: NameSchema.optional().describe('name of the network, when there are several'),
});
export type Boot = z.infer<typeof BootSchema>;

const base64 = z.base64();

/** A file that is in the guest once it has started. */
const GuestFileSchema = z.strictObject({
  path: AbsolutePathSchema,
  content: z
    .string()
    .max(MAX_TEXT)
    .refine((text) => base64.safeParse(text).success, { message: 'must be base64' })
    .describe('in base64'),
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/, 'must be four octal digits: 0644')
    .optional(),
});
export type GuestFile = z.infer<typeof GuestFileSchema>;

/** One description of an instance for every driver. What a driver cannot honour is refused, never ignored. */
export const InstanceDescriptionFields = {
  name: NameSchema.describe('name of the new instance'),
  flavor: FlavorSchema,
  image: ImageSourceSchema.optional().describe('what its root disk is made of'),
  networks: z.array(NetworkSchema).max(64).optional(),
  volumes: z.array(VolumeSchema).max(256).optional(),
  disk_limits: DiskLimitsSchema.optional().describe('of its root disk'),
  disk_config: z
    .enum(['auto', 'manual'])
    .optional()
    .describe('auto: root partition and file system fill the disk at the first start; manual: they stay as they are'),
  boot: BootSchema.optional().describe('what it starts from (default: its boot volume, or its root disk)'),
  firmware: z.enum(['bios', 'uefi']).optional().describe("default: the driver's"),
  firmware_stateless: z.boolean().optional().describe('its firmware keeps nothing from one start to the next'),
  tpm: z
    .strictObject({ version: z.enum(['1.2', '2.0']), model: z.enum(['tis', 'crb', 'spapr']).optional() })
    .optional()
    .describe('it has an emulated TPM'),
  memory_encryption: z.boolean().optional().describe('nobody on the host can read its memory'),
  security_groups: z.array(NameSchema).max(100).optional().describe('groups of rules that the backend keeps'),
  firewall_rules: z.array(FirewallRuleSchema).max(1000).optional(),
  config_drive: z.boolean().optional().describe('it has a small disk with what cloud-init is to know'),
  user_data: UserDataSchema.optional(),
  ssh_keys: SshKeysSchema.optional().describe('public keys that may log on'),
  admin_password: AdminPasswordSchema.optional(),
  files: z.array(GuestFileSchema).max(100).optional(),
  metadata: z.record(NameSchema, z.string().max(4096)).optional().describe('what the guest can read about itself'),
  driver_options: z
    .record(NameSchema, z.record(NameSchema, z.json()))
    .optional()
    .describe('what only one backend knows, by the name of its driver; those of other drivers say nothing here'),
  start: z.boolean().optional().describe('start it once it is made (default true)'),
} as const;
