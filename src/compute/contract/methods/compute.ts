import { z } from 'zod';
import {
  ChangeFields,
  ChildrenAnswerFields,
  HostNameSchema,
  InstanceChangeAnswerSchema,
  InstanceInfoSchema,
  InstanceRefSchema,
  InstanceSummarySchema,
  InstanceTargetFields,
  RelocationAnswerSchema,
} from '../fields.js';
import { defineMethod } from '../method.js';
import { OperationSchema } from './operation.js';

const instance = z.strictObject(InstanceTargetFields);
const change = z.strictObject({ ...InstanceTargetFields, ...ChangeFields });
const destination = HostNameSchema.describe('name of the host it comes to, of the same driver');

function instanceChange<const Operation extends string>(operation: Operation, summary: string) {
  return defineMethod({ kind: 'change', summary, params: change, result: InstanceChangeAnswerSchema, operation });
}

/** `compute.*`: instances of the hosts in the configuration. */
export const computeMethods = {
  'compute.list_instances': defineMethod({
    kind: 'read',
    summary: 'List the instances of a host with their states.',
    params: z.strictObject({ host: HostNameSchema }),
    result: z.object({ host: z.string(), instances: z.array(InstanceSummarySchema) }),
    operation: 'listInstances',
  }),
  'compute.get_info': defineMethod({
    kind: 'read',
    summary: 'Tell the state and the size of an instance.',
    params: instance,
    result: InstanceInfoSchema,
    operation: 'getInfo',
  }),
  'compute.power_on': instanceChange('powerOn', 'Start an instance; one that runs stays as it is.'),
  'compute.power_off': instanceChange('powerOff', 'Stop an instance, hard; its operating system is not asked.'),
  'compute.reboot': instanceChange('reboot', 'Stop an instance, when it runs, and start it.'),
  'compute.pause': instanceChange('pause', "Stop an instance's processors and keep its memory."),
  'compute.unpause': instanceChange('unpause', 'Let the processors of a paused instance go on.'),
  'compute.suspend': instanceChange('suspend', "Save an instance's memory to disk and stop it."),
  'compute.resume': instanceChange('resume', 'Continue a suspended instance from its saved memory.'),
  'compute.live_migrate': defineMethod({
    kind: 'change',
    summary: 'Move a running instance to another host while it runs.',
    params: z.strictObject({ ...InstanceTargetFields, destination, ...ChangeFields }),
    result: RelocationAnswerSchema,
    operation: 'liveMigrate',
  }),
  'compute.live_migration_force_complete': defineMethod({
    kind: 'control',
    summary: 'Bring the running live migration of an instance to its end, whatever its guest does.',
    params: instance,
    result: OperationSchema,
    operation: 'liveMigrationForceComplete',
  }),
  'compute.live_migration_abort': defineMethod({
    kind: 'control',
    summary: 'End the live migration of an instance; the instance stays where it is.',
    params: instance,
    result: OperationSchema,
  }),
  'compute.evacuate': defineMethod({
    kind: 'change',
    summary: 'Set an instance of a host, or all of them, up on another host.',
    params: z.strictObject({
      host: HostNameSchema,
      instance: InstanceRefSchema.optional().describe('only this one (default: every instance of the host)'),
      destination,
      ...ChangeFields,
    }),
    result: z.object({ ...RelocationAnswerSchema.shape, ...ChildrenAnswerFields }),
    operation: 'evacuate',
  }),
} as const;
