import { z } from 'zod';
import { NameSchema } from '../fields.js';

/** How large an instance is. */
export const FlavorSchema = z.strictObject({
  vcpus: z.int().min(1).max(4096).describe('number of virtual processors'),
  memory_mib: z.int().min(1).max(67_108_864).describe('memory, MiB'),
  root_gib: z.int().min(1).max(1_048_576).optional().describe('size of the root disk, GiB (default: as the image is)'),
  memory_backing: z.enum(['file']).optional().describe('file: its memory lies in files of the host'),
  extras: z
    .record(NameSchema, z.union([z.string().max(4096), z.number(), z.boolean()]))
    .optional()
    .describe("further properties, by the driver's documentation"),
});
export type Flavor = z.infer<typeof FlavorSchema>;
