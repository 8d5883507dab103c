import { z } from 'zod';
import { ERROR_CODE_NAMES } from '../../common/errors/index.js';
import { VIRT_FEATURE_IDS } from '../../features/index.js';
import { INSTANCE_POWER_STATES } from '../../compute/state/power-state.js';

const FaultSchema = z.strictObject({
  operation: z.string().min(1).describe('driver operation that fails, e.g. powerOn, or * for any'),
  instance: z.string().min(1).default('*').describe('instance it concerns, or *'),
  error: z.enum(ERROR_CODE_NAMES).describe('error code it fails with'),
  times: z.int().min(1).optional().describe('how often it happens (default: always)'),
  after_effect: z.boolean().default(false).describe('fail once the change has happened, as if the answer were lost'),
});

/** Settings of a host of the `fake` driver. */
export const FakeSettingsSchema = z.strictObject({
  instances: z.int().min(0).max(100_000).default(10).describe('how many instances there are, named instance-0001 …'),
  names: z.array(z.string().min(1)).default([]).describe('instances with names of your own, besides'),
  initial_state: z.enum(INSTANCE_POWER_STATES).default('shutdown').describe('state of every instance at the start'),
  read_delay_ms: z.int().min(0).max(3_600_000).default(0).describe('how long a read takes'),
  change_delay_ms: z.int().min(0).max(3_600_000).default(0).describe('how long a change takes'),
  migrate_delay_ms: z.int().min(0).max(3_600_000).default(0).describe('how long a live migration takes'),
  request_timeout_ms: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(100)
    .describe('longest that a request to it counts as under way, after its worker has died'),
  busy: z
    .array(z.string().min(1))
    .default([])
    .describe('instances, or *, whose live migration does not end until it is forced to, or aborted'),
  lacking: z
    .partialRecord(z.enum(VIRT_FEATURE_IDS), z.string().min(1))
    .default({})
    .describe('features that the host lacks for now, each with its reason'),
  vcpus: z.int().min(1).default(1024).describe('processors that the host tells of; any number of them can be promised'),
  memory_mib: z.int().min(1).default(1_073_741_824).describe('memory of the host, MiB; new instances must fit into it'),
  cpu_traits: z.array(z.string().min(1)).default(['HW_ARCH_S390X']).describe('what its processors can do'),
  images: z.array(z.string().min(1)).default(['debian-13', 'rescue']).describe('images that it has at the start'),
  rescue_image: z.string().min(1).default('rescue').describe('image that a rescue starts from when it names none'),
  image_certificate: z
    .string()
    .min(1)
    .default('fake certificate')
    .describe('certificate that all images are signed with, for trusted_certificates'),
  networks: z.array(z.string().min(1)).default(['lan', 'dmz']).describe('its networks'),
  security_groups: z.array(z.string().min(1)).default(['default', 'web']).describe('its security groups'),
  unreachable_volumes: z.array(z.string().min(1)).default([]).describe('ids of volumes that it does not reach'),
  locked: z.array(z.string().min(1)).default([]).describe('instances that cannot be adopted'),
  faults: z.array(FaultSchema).default([]).describe('what goes wrong'),
});
export type FakeSettings = z.output<typeof FakeSettingsSchema>;
export type FakeFault = FakeSettings['faults'][number];
