import { z } from 'zod';

/** A NIC of a partition in an inventory; what is left out is chosen as an HMC would. */
export const NicSchema = z.strictObject({
  name: z.string().min(1).max(64),
  adapter: z.string().describe('Name of an adapter of the CPC'),
  port: z.int().min(0).max(1).default(0),
  vlan: z.int().min(1).max(4094).optional(),
  mac: z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'must look like 02:00:00:12:34:56')
    .optional()
    .describe('Derived from the names when absent'),
  device_number: z
    .string()
    .regex(/^[0-9a-f]{4}$/i, 'must be four hexadecimal digits')
    .optional(),
  description: z.string().default(''),
});
export type NicEntry = z.output<typeof NicSchema>;
