import { z } from 'zod';
import { AbsolutePathSchema, NameSchema } from '../fields.js';
import { TagSchema } from './network.js';

const limit = z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional();

/** How much a disk may do. */
export const DiskLimitsSchema = z.strictObject({
  read_bytes_sec: limit.describe('bytes read a second'),
  write_bytes_sec: limit.describe('bytes written a second'),
  total_bytes_sec: limit.describe('bytes read and written a second'),
  read_iops_sec: limit.describe('reads a second'),
  write_iops_sec: limit.describe('writes a second'),
  total_iops_sec: limit.describe('reads and writes a second'),
});
export type DiskLimits = z.infer<typeof DiskLimitsSchema>;

const wwpn = z.string().regex(/^(0x)?[0-9a-fA-F]{16}$/, 'must be 16 hexadecimal digits');

/** How a volume is reached. */
const VolumeConnectionSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('file'),
    path: AbsolutePathSchema.describe('of a file on the host'),
    format: z.enum(['raw', 'qcow2']).optional(),
  }),
  z.strictObject({ type: z.literal('block'), path: AbsolutePathSchema.describe('of a block device on the host') }),
  z.strictObject({
    type: z.literal('fibre_channel'),
    wwpns: z
      .array(wwpn)
      .max(64)
      .optional()
      .describe('target ports (default: as the backend knows the volume by its id)'),
    lun: z.union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]{1,16}$/)]).optional(),
  }),
  z.strictObject({
    type: z.literal('iscsi'),
    portal: z.string().min(1).max(300).describe('address of the target: host:port'),
    target: z.string().min(1).max(223).describe('its IQN'),
    lun: z.int().min(0),
    auth: z
      .strictObject({ user: NameSchema, password: z.string().min(1).max(256) })
      .optional()
      .describe('for CHAP'),
  }),
]);

/** A disk that outlives the instance. */
export const VolumeSchema = z.strictObject({
  id: NameSchema.describe('names the volume, here and for detach_volume'),
  connection: VolumeConnectionSchema,
  boot: z.boolean().optional().describe('the instance starts from it'),
  limits: DiskLimitsSchema.optional(),
  tag: TagSchema.optional(),
  multiattach: z.boolean().optional().describe('other instances have it too'),
  encryption: z
    .strictObject({
      format: z.enum(['luks', 'luks2']).describe('of what is on the volume'),
      key: z.string().min(1).max(4096).describe('what it is opened with'),
    })
    .optional()
    .describe('the host decrypts it for the instance'),
});
export type Volume = z.infer<typeof VolumeSchema>;
