import { z } from 'zod';
import { ERROR_CODE_NAMES } from '../../common/errors/index.js';
import { INSTANCE_POWER_STATES, MACHINE_POWER_STATES, TRANSITIONS } from '../state/power-state.js';

/** The fields that requests and answers share. Wire names are snake_case, in both envelopes (DESIGN 4.1). */

// oxlint-disable-next-line no-control-regex -- control characters are what is refused
export const PrintableSchema = z.string().regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters');

export const NameSchema = PrintableSchema.min(1).max(255);
export const HostNameSchema = NameSchema.describe('name of a host in the configuration');
export const InstanceRefSchema = NameSchema.describe("an instance's name on its host, or the backend's id of it");
export const AbsolutePathSchema = PrintableSchema.max(4096).regex(/^\//, 'must be an absolute path');
export const TimeSchema = z.iso.datetime({ offset: true });

/** What reads accept whose answer need not be of this moment. */
export const FreshnessFields = {
  max_age_ms: z
    .int()
    .min(0)
    .max(86_400_000)
    .optional()
    .describe('a state known to be so since so recently is not asked for again (default 0: always ask)'),
} as const;

/** What every changing method accepts beside its own fields (DESIGN 4.1, 5). */
export const ChangeFields = {
  idempotency_key: PrintableSchema.min(1)
    .max(255)
    .optional()
    .describe('names this request; a repeat gets the outcome of the first (default: the message id)'),
  requested_at: TimeSchema.optional().describe('when the caller asked; deadline_ms counts from it'),
  deadline_ms: z.int().min(1).max(86_400_000).optional().describe('milliseconds after which nothing more is begun'),
  not_after: TimeSchema.optional().describe('moment after which nothing more is begun; wins over deadline_ms'),
  wait: z
    .enum(['result', 'accepted'])
    .optional()
    .describe('answer when it is over (result, the default) or once it is written down (accepted)'),
  plan: z.boolean().optional().describe('say what would be done, and do nothing'),
} as const;

export const ChangeFieldsSchema = z.object(ChangeFields);
export type ChangeOptions = z.infer<typeof ChangeFieldsSchema>;

export const InstanceTargetFields = { host: HostNameSchema, instance: InstanceRefSchema } as const;

/** Parameters of a power type by name; its own schema checks them further. */
export const PowerParametersSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
);
export type PowerParameters = z.infer<typeof PowerParametersSchema>;

/** How long an operating system may take to shut down. */
export const ShutdownTimeSchema = z.int().min(1).max(3600).describe('how long it may take, seconds (default 120)');

/** A machine in one of three ways: an instance of a host, a registered machine, or a controller given in full. */
export const PowerTargetFields = {
  host: HostNameSchema.optional(),
  instance: InstanceRefSchema.optional(),
  machine: NameSchema.optional().describe('name of a registered machine'),
  power_type: NameSchema.optional().describe('power type, see power.types'),
  power_parameters: PowerParametersSchema.optional().describe('parameters of the power type'),
} as const;

/** Refuses a request that names its machine in no way or in more than one. */
export function checkPowerTarget(
  request: z.infer<z.ZodObject<typeof PowerTargetFields>>,
  context: z.RefinementCtx,
): void {
  const ways = [
    request.host !== undefined || request.instance !== undefined,
    request.machine !== undefined,
    request.power_type !== undefined || request.power_parameters !== undefined,
  ].filter(Boolean).length;
  const complete =
    (request.host !== undefined && request.instance !== undefined) ||
    request.machine !== undefined ||
    request.power_type !== undefined;
  if (ways !== 1 || !complete) {
    context.addIssue({
      code: 'custom',
      message:
        'name the machine in exactly one way: host and instance, or machine, or power_type with power_parameters',
    });
  }
}

const observed = {
  transition: z.enum(TRANSITIONS).nullable(),
  native_state: z.string().describe("the backend's own word"),
  observed_at: TimeSchema,
} as const;

export const NativeFactsSchema = z
  .record(z.string(), z.json())
  .describe("facts that only this backend has, in the backend's words");

/** What `power.query` answers. */
export const MachineStateSchema = z.object({ state: z.enum(MACHINE_POWER_STATES), ...observed });
export type MachineState = z.infer<typeof MachineStateSchema>;

/** An error inside an answer about many things, one of which could not be told. */
export const FailureSchema = z.object({ code: z.enum(ERROR_CODE_NAMES), message: z.string() });
export type Failure = z.infer<typeof FailureSchema>;

/** The state part of what instance methods answer. */
export const InstanceStateSchema = z.object({
  power_state: z.enum(INSTANCE_POWER_STATES),
  power_state_code: z.int(),
  ...observed,
  holds_resources: z.boolean().optional().describe('off, but its memory and processors stay taken'),
});
export type InstanceState = z.infer<typeof InstanceStateSchema>;

export const InstanceSummarySchema = z.object({
  name: z.string(),
  id: z.string(),
  ...InstanceStateSchema.shape,
});
export type InstanceSummaryAnswer = z.infer<typeof InstanceSummarySchema>;

const aliases = (of: string) => z.array(z.string()).describe(`other words by which a request can mean ${of}`);

/** A network interface that an instance has. */
export const InterfaceSchema = z.object({
  name: z.string().describe('as detach_interface takes it'),
  mac: z.string().nullable(),
  network: z.string().nullable().describe('as a description names it; null when that cannot be told'),
  network_aliases: aliases('the same network'),
  vlan: z.int().nullable(),
});
export type InterfaceAnswer = z.infer<typeof InterfaceSchema>;

/** A volume that an instance has. */
export const AttachedVolumeSchema = z.object({
  id: z.string().describe('as detach_volume takes it'),
  aliases: aliases('it, or a part of it'),
  root: z.boolean().describe("the instance's own: made with it, and gone with it; the one it starts from comes first"),
  size_gib: z.number().nullable(),
});
export type AttachedVolumeAnswer = z.infer<typeof AttachedVolumeSchema>;

export const InstanceInfoSchema = z.object({
  ...InstanceSummarySchema.shape,
  vcpus: z.number().nullable(),
  memory_mib: z.int().nullable(),
  max_memory_mib: z.int().nullable(),
  cpu_time_ns: z.int().nullable(),
  interfaces: z.array(InterfaceSchema).nullable().optional().describe('with devices; null: its driver cannot tell'),
  volumes: z.array(AttachedVolumeSchema).nullable().optional().describe('with devices; null: its driver cannot tell'),
  native: NativeFactsSchema,
});
export type InstanceInfoAnswer = z.infer<typeof InstanceInfoSchema>;

export const PlannedStepSchema = z.object({ action: z.string(), description: z.string() });

/** What a changing method answers, beside the state after it. */
export const ChangeAnswerFields = {
  operation_id: z.string().nullable().describe('null for a plan'),
  outcome: z.enum(['done', 'already', 'accepted', 'planned']),
  steps: z.array(PlannedStepSchema).optional().describe('with plan: what would be done'),
} as const;

export const InstanceChangeAnswerSchema = z.object({
  ...ChangeAnswerFields,
  ...InstanceStateSchema.partial().shape,
});
/** What moves an instance answers also where it is now. */
export const RelocationAnswerSchema = z.object({
  ...InstanceChangeAnswerSchema.shape,
  host: z.string().optional().describe('where the instance is now'),
});

/** What an operation of many parts answers. */
export const ChildrenAnswerFields = {
  children: z.int().optional().describe('operations that were its parts; operation.list with parent names them'),
} as const;
export const MachineChangeAnswerSchema = z.object({ ...ChangeAnswerFields, ...MachineStateSchema.partial().shape });
