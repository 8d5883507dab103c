import { z } from 'zod';
import {
  ChangeFields,
  MachineChangeAnswerSchema,
  MachineStateSchema,
  PowerTargetFields,
  checkPowerTarget,
} from '../fields.js';
import { defineMethod } from '../method.js';

const target = z.strictObject(PowerTargetFields).superRefine(checkPowerTarget);
const change = z.strictObject({ ...PowerTargetFields, ...ChangeFields }).superRefine(checkPowerTarget);

const preemptingChange = z
  .strictObject({
    ...PowerTargetFields,
    preempt: z.boolean().optional().describe('first cancel what waits or runs on this machine'),
    ...ChangeFields,
  })
  .superRefine(checkPowerTarget);

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
    summary: "Ask a machine's operating system to shut down.",
    params: change,
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
    params: target,
    result: MachineStateSchema,
    operation: 'queryPower',
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
