import { z } from 'zod';
import {
  ChangeAnswerFields,
  ChangeFields,
  FailureSchema,
  MachineStateSchema,
  NameSchema,
  PowerParametersSchema,
  TimeSchema,
} from '../fields.js';
import { defineMethod } from '../method.js';

/** What the power check on save has found out about a machine's parameters. */
export const MACHINE_STATUSES = ['verified', 'unverified', 'unchecked'] as const;
export type MachineStatus = (typeof MACHINE_STATUSES)[number];

const machine = NameSchema.describe('name of the machine');
const skipCheck = z
  .boolean()
  .optional()
  .describe('save it without asking its controller; its status is then unchecked');

/** A registered machine, as callers see it. Secret parameters are never given out again, only named. */
export const MachineSchema = z.object({
  name: z.string(),
  power_type: z.string(),
  power_parameters: PowerParametersSchema.describe('without the secret ones'),
  secret_parameters: z.array(z.string()).describe('names of the secret parameters that are set'),
  controller: z.string().describe('names the controller behind which it is'),
  status: z
    .enum(MACHINE_STATUSES)
    .describe('verified: its controller has answered with these parameters; unverified: it has not, see error'),
  error: FailureSchema.nullable().describe('why the last check failed'),
  ...MachineStateSchema.partial().shape,
  registered_by: z.string(),
  registered_at: TimeSchema,
  updated_at: TimeSchema,
  revision: z.int().describe('grows with every change of its definition'),
});
export type MachineView = z.infer<typeof MachineSchema>;

const ChangedSchema = z.object({ ...ChangeAnswerFields, machine: MachineSchema.optional() });

/** `machine.*`: machines that are known by name, with the parameters of their power controllers. */
export const machineMethods = {
  'machine.register': defineMethod({
    kind: 'change',
    summary: 'Register a machine under a name, and check that its controller answers.',
    params: z.strictObject({
      machine,
      power_type: NameSchema.describe('power type, see power.types'),
      power_parameters: PowerParametersSchema.optional().describe('parameters of the power type'),
      skip_check: skipCheck,
      ...ChangeFields,
    }),
    result: ChangedSchema,
    operation: 'registerMachine',
  }),
  'machine.update': defineMethod({
    kind: 'change',
    summary: "Change a machine's power type or parameters, and check that its controller answers.",
    params: z.strictObject({
      machine,
      power_type: NameSchema.optional().describe('another power type; its parameters then replace all earlier ones'),
      power_parameters: PowerParametersSchema.optional().describe('those that change; the others stay as they are'),
      remove_parameters: z.array(NameSchema).max(100).optional().describe('names of parameters to be set no longer'),
      if_revision: z.int().optional().describe('refuse it when somebody has changed the machine since this revision'),
      skip_check: skipCheck,
      ...ChangeFields,
    }),
    result: ChangedSchema,
    operation: 'updateMachine',
  }),
  'machine.remove': defineMethod({
    kind: 'change',
    summary: 'Forget a machine; nothing is sent to its controller.',
    params: z.strictObject({ machine, ...ChangeFields }),
    result: z.object({ ...ChangeAnswerFields }),
    operation: 'removeMachine',
  }),
  'machine.get': defineMethod({
    kind: 'service',
    summary: 'Show a registered machine.',
    params: z.strictObject({ machine }),
    result: MachineSchema,
  }),
  'machine.list': defineMethod({
    kind: 'service',
    summary: 'List registered machines, by name.',
    params: z.strictObject({
      name: NameSchema.optional().describe('only those of this name, or like this pattern with *'),
      power_type: NameSchema.optional().describe('only those of this power type'),
      controller: NameSchema.optional().describe('only those behind this controller'),
      status: z.enum(MACHINE_STATUSES).optional().describe('only those whose last check ended so'),
      state: MachineStateSchema.shape.state.optional().describe('only those last seen in this state'),
      after: NameSchema.optional().describe('go on after this name: next of the page before'),
      limit: z.int().min(1).max(1000).optional().describe('how many at most (default 100)'),
    }),
    result: z.object({
      machines: z.array(MachineSchema),
      next: z.string().nullable().describe('give it as after for the next page; null: there are no more'),
    }),
  }),
} as const;
