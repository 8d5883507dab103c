import { z } from 'zod';
import { ComputeError, describeIssues } from '../../../common/errors/index.js';
import type { ChangeParams } from '../../../compute/contract/index.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { LONGEST_DESCRIPTION } from '../mapping/marks.js';

/** As long as the HMC lets names be. */
export const LONGEST_NAME = 64;
/** As long as it lets the parameters of an operating system be (hmc-dpm.md section 10). */
export const LONGEST_OS_PARAMETERS = 256;
/** Room for the marks behind a description. */
const LONGEST_OWN_DESCRIPTION = LONGEST_DESCRIPTION - 400;

/** A name of a storage group that can stand in a mark. */
export const groupName = z
  .string()
  .max(LONGEST_NAME)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?$/, 'must be letters, digits, blanks, or any of . _ -');
const printable = (most: number) =>
  z
    .string()
    .regex(/^[\u0020-\u007e]*$/)
    .max(most);

const StorageSchema = z.strictObject({
  group: groupName.optional(),
  data_gib: z.int().min(1).max(1_048_576).optional(),
  type: z.literal('fcp').optional(),
  connectivity: z.int().min(1).max(64).optional(),
  fulfilment_timeout_ms: z
    .int()
    .min(1000)
    .max(7 * 86_400_000)
    .optional(),
});

const FtpSchema = z.strictObject({
  host: printable(255).min(1),
  user: printable(255).min(1),
  password: z.string().min(1).max(1024),
  insfile: printable(1024).min(1),
});

const SscSchema = z.strictObject({
  host_name: printable(255).min(1),
  userid: printable(32).min(1),
  password: z.string().min(1).max(256),
});

const PARTITION_STATUS = z.enum(['active', 'degraded', 'paused', 'stopped', 'terminated', 'reservation-error']);

/** What may stand under `driver_options.hmc-dpm` of a description. */
const LaunchOptionsSchema = z.strictObject({
  type: z.enum(['linux', 'ssc', 'zvm']).default('linux'),
  description: printable(LONGEST_OWN_DESCRIPTION)
    .regex(/^[^[\]]*$/, 'must hold no brackets')
    .optional(),
  partition_id: z
    .string()
    .regex(/^[0-9A-Fa-f]{2}$/, 'must be two hexadecimal digits')
    .transform((text) => text.toUpperCase())
    .optional(),
  boot_load_parameters: printable(8).optional(),
  boot_os_parameters: printable(LONGEST_OS_PARAMETERS).optional(),
  boot_configuration_selector: z.int().min(0).max(30).optional(),
  boot_timeout_s: z.int().min(60).max(600).optional(),
  secure_boot: z.boolean().optional(),
  preset: z.enum(['kvm-host']).optional(),
  storage: StorageSchema.optional(),
  ftp: FtpSchema.optional(),
  ssc: SscSchema.optional(),
  acceptable_status: z.array(PARTITION_STATUS).min(1).max(10).optional(),
});
export type LaunchOptions = z.output<typeof LaunchOptionsSchema>;

/** @throws ComputeError REQUEST_INVALID */
export function launchOptionsOf({ driver_options: options }: ChangeParams<'spawn'>): LaunchOptions {
  const parsed = LaunchOptionsSchema.safeParse(options?.[DRIVER_NAME] ?? {});
  if (parsed.success) return parsed.data;
  const { text, details } = describeIssues(parsed.error.issues);
  throw new ComputeError('REQUEST_INVALID', `driver_options.${DRIVER_NAME}: ${text}`, {
    driver: DRIVER_NAME,
    details: { mistakes: details },
  });
}
