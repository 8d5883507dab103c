import { z } from 'zod';
import { holdsPassword } from '../../../common/secret.js';
import { NameSchema, NativeFactsSchema } from '../fields.js';

export const IMAGE_FORMATS = ['raw', 'qcow2', 'vmdk', 'vhdx', 'iso', 'kernel', 'tar'] as const;

/** Where something is fetched from or put; it is kept encrypted, since such addresses often hold a signature. */
const address = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !holdsPassword(text), { message: 'must hold no password; give a token beside it' });
const token = z.string().min(1).max(16_384).optional().describe('bearer token for the address');

/** What an instance is made of. */
export const ImageSourceSchema = z.strictObject({
  source: address.describe('an image that the host has, by name, or one at a file:, http:, https: or glance: address'),
  token,
  checksum: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits')
    .optional()
    .describe('an image with another one is not used'),
  format: z.enum(IMAGE_FORMATS).optional().describe('default: as the image itself or its name tells'),
  properties: z.record(NameSchema, z.string().max(4096)).optional().describe('what the image wants of its machine'),
  trusted_certificates: z
    .array(z.string().max(65_536))
    .max(100)
    .optional()
    .describe('the image must be signed by one of these certificates'),
  cache: z.boolean().optional().describe('keep it on the host for the next instance'),
});
export type ImageSource = z.infer<typeof ImageSourceSchema>;

/** Where an image is put. */
export const ImageDestinationSchema = z.strictObject({
  url: address.describe('a file:, http:, https: or glance: address'),
  token,
  format: z.enum(IMAGE_FORMATS).optional().describe('default: as it is kept'),
});
export type ImageDestination = z.infer<typeof ImageDestinationSchema>;

/** An image that a host has. */
export const ImageSchema = z.object({
  name: z.string(),
  id: z.string().nullable().describe("the backend's id"),
  format: z.string().nullable(),
  size_bytes: z.int().nullable(),
  checksum: z.string().nullable().describe('sha256:…, where it is known'),
  native: NativeFactsSchema,
});
export type Image = z.infer<typeof ImageSchema>;
