import { z } from 'zod';
import {
  ChangeFields,
  FailureSchema,
  FreshnessFields,
  HostNameSchema,
  MachineChangeAnswerSchema,
  MachineStateSchema,
  NameSchema,
  NativeFactsSchema,
  PowerParametersSchema,
  PowerTargetFields,
  ShutdownTimeSchema,
  checkPowerTarget,
} from '../fields.js';
import { MacSchema } from '../description/network.js';
import { defineMethod } from '../method.js';

const query = z.strictObject({ ...PowerTargetFields, ...FreshnessFields }).superRefine(checkPowerTarget);
const change = z.strictObject({ ...PowerTargetFields, ...ChangeFields }).superRefine(checkPowerTarget);

const preemptingChange = z
  .strictObject({
    ...PowerTargetFields,
    preempt: z.boolean().optional().describe('first cancel what waits or runs on this machine'),
    ...ChangeFields,
  })
  .superRefine(checkPowerTarget);

/** What a machine starts from next. */
const BootDeviceSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('network'),
    mac: MacSchema.optional().describe('of the network interface (default: the one that there is)'),
  }),
  z.strictObject({
    type: z.literal('disk'),
    disk: NameSchema.optional().describe('its UUID or serial number (default: the one that there is to start from)'),
  }),
]);

const ParameterSchema = z.object({
  name: z.string(),
  label: z.string(),
  field_type: z.enum(['string', 'mac_address', 'choice', 'multiple_choice', 'password']),
  choices: z.array(z.tuple([z.string(), z.string()])),
  default: z.union([z.string(), z.array(z.string())]),
  required: z.boolean(),
  scope: z.enum(['bmc', 'node']),
  secret: z.boolean(),
});

/** What `power.query_many` has found out of one machine. */
const QueryResultSchema = z.object({
  machine: z.string().nullable().describe('name of the registered machine'),
  host: z.string().nullable(),
  instance: z.string().nullable(),
  ...MachineStateSchema.shape,
  native_state: z.string().nullable(),
  observed_at: MachineStateSchema.shape.observed_at
    .nullable()
    .describe('when it was seen; with an error, when it was last seen before; null: never'),
  error: FailureSchema.nullable().describe('why it could not be asked now; the state is then unknown'),
});
export type QueryResult = z.infer<typeof QueryResultSchema>;

/** A page of states. */
const QueryPageSchema = z.object({
  results: z.array(QueryResultSchema),
  next: z.string().nullable().describe('give it as after for the next page; null: there are no more'),
  total: z
    .int()
    .nullable()
    .describe('how many there are on all pages; null where the caller may not see all, and on later pages'),
});

/** A machine that `power.probe` has found. */
const FoundMachineSchema = z.object({
  name: z.string().describe('as its controller names it; several machines may have one name'),
  power_parameters: PowerParametersSchema.describe(
    "those that it has beside the controller's own, for machine.register",
  ),
  mac_addresses: z.array(z.string()).describe('of its network interfaces, as far as the controller tells them'),
  architecture: z.string(),
  ...MachineStateSchema.shape,
  native: NativeFactsSchema,
});

/** Instances of a host, or named machines, or those that a filter describes. */
function checkQueryMany(
  { host, machines, ...filter }: Partial<Record<'host' | 'machines' | 'name' | 'power_type' | 'controller', unknown>>,
  context: z.RefinementCtx,
): void {
  const isFiltered = [filter.name, filter.power_type, filter.controller].some((field) => field !== undefined);
  if ([host !== undefined, machines !== undefined, isFiltered].filter(Boolean).length <= 1) return;
  context.addIssue({
    code: 'custom',
    message: 'give one of host, machines, or a filter of name, power_type and controller; or nothing, for all machines',
  });
}

/** `power.*`: any machine with a power controller, and instances as machines. */
export const powerMethods = {
  'power.on': defineMethod({
    kind: 'change',
    summary: 'Switch a machine on; a machine that is on stays as it is.',
    params: change,
    result: MachineChangeAnswerSchema,
    operation: 'powerOn',
  }),
  'power.off': defineMethod({
    kind: 'change',
    summary: 'Switch a machine off, hard; its operating system is not asked.',
    params: preemptingChange,
    result: MachineChangeAnswerSchema,
    operation: 'powerOff',
  }),
  'power.soft_off': defineMethod({
    kind: 'change',
    summary: "Ask a machine's operating system to shut down, and wait until it has.",
    params: z
      .strictObject({
        ...PowerTargetFields,
        within_s: ShutdownTimeSchema.optional(),
        force: z
          .boolean()
          .optional()
          .describe('switch the machine off, hard, when it is still on then (default: that is an error)'),
        ...ChangeFields,
      })
      .superRefine(checkPowerTarget),
    result: MachineChangeAnswerSchema,
    operation: 'softOff',
  }),
  'power.cycle': defineMethod({
    kind: 'change',
    summary: 'Switch a machine off, when it is on, and then on.',
    params: change,
    result: MachineChangeAnswerSchema,
    operation: 'cycle',
  }),
  'power.set_boot_device': defineMethod({
    kind: 'change',
    summary: 'Set what a machine starts from, from its next start on.',
    params: z
      .strictObject({
        ...PowerTargetFields,
        boot_device: BootDeviceSchema,
        restart: z
          .boolean()
          .optional()
          .describe('switch a running machine off before, and on afterwards (default: it is left running)'),
        ...ChangeFields,
      })
      .superRefine(checkPowerTarget),
    result: MachineChangeAnswerSchema,
    operation: 'setBootDevice',
  }),
  'power.reset': defineMethod({
    kind: 'change',
    summary: 'Reset a running machine without switching it off.',
    params: preemptingChange,
    result: MachineChangeAnswerSchema,
    operation: 'reset',
  }),
  'power.query': defineMethod({
    kind: 'read',
    summary: 'Say whether a machine is on or off.',
    params: query,
    result: MachineStateSchema,
    operation: 'queryPower',
  }),
  'power.query_many': defineMethod({
    kind: 'read',
    summary: 'Say of many machines whether they are on or off, a page at a time.',
    params: z
      .strictObject({
        host: HostNameSchema.optional().describe('all instances of this host'),
        machines: z.array(NameSchema).min(1).max(1000).optional().describe('these registered machines'),
        name: NameSchema.optional().describe('only registered machines of this name, or like this pattern with *'),
        power_type: NameSchema.optional().describe('only registered machines of this power type'),
        controller: NameSchema.optional().describe('only registered machines behind this controller'),
        ...FreshnessFields,
        timeout_ms: z
          .int()
          .min(100)
          .max(50_000)
          .optional()
          .describe('how long a controller may take (default 20000); its machines then have an error'),
        after: z.string().max(8192).optional().describe('go on after this place: next of the page before'),
        limit: z.int().min(1).max(1000).optional().describe('how many at most (default 500)'),
        stream: z
          .boolean()
          .optional()
          .describe('also send the results as controllers answer, before the answer, where the envelope can'),
      })
      .superRefine(checkQueryMany),
    result: QueryPageSchema,
    progress: z.object({
      ...QueryPageSchema.shape,
      results: z.array(QueryResultSchema).describe('what has come since the last'),
      done: z.int().describe('how many results of this page there are so far'),
      of: z.int().describe('how many there will be'),
    }),
    operation: 'queryMany',
  }),
  'power.probe': defineMethod({
    kind: 'read',
    summary: 'List the machines behind a controller, as they could be registered.',
    params: z.strictObject({
      power_type: NameSchema.describe('power type, see power.types'),
      power_parameters: PowerParametersSchema.optional().describe(
        'parameters of the power type that are of the controller; those of a single machine are left out',
      ),
      name: NameSchema.optional().describe('only machines of this name, or like this pattern with *'),
    }),
    result: z.object({ machines: z.array(FoundMachineSchema) }),
    operation: 'probe',
  }),
  'power.types': defineMethod({
    kind: 'service',
    summary: 'List the power types with their parameters.',
    params: z.strictObject({}),
    result: z.object({
      power_types: z.array(
        z.object({
          name: z.string(),
          title: z.string(),
          description: z.string(),
          queryable: z.boolean(),
          verbs: z.array(z.string()),
          parameters: z.array(ParameterSchema),
        }),
      ),
    }),
  }),
} as const;
