import { z } from 'zod';
import { CONSOLE_TYPES, ConsoleSchema } from '../description/console.js';
import { DiagnosticsSchema } from '../description/diagnostics.js';
import { FlavorSchema } from '../description/flavor.js';
import { ImageDestinationSchema, ImageSchema, ImageSourceSchema } from '../description/image.js';
import { AdminPasswordSchema, BootSchema, InstanceDescriptionFields } from '../description/instance.js';
import { NetworkSchema } from '../description/network.js';
import { VolumeSchema } from '../description/volume.js';
import {
  ChangeAnswerFields,
  ChangeFields,
  ChildrenAnswerFields,
  FreshnessFields,
  HostNameSchema,
  InstanceChangeAnswerSchema,
  InstanceInfoSchema,
  InstanceRefSchema,
  InstanceSummarySchema,
  InstanceTargetFields,
  NameSchema,
  PrintableSchema,
  RelocationAnswerSchema,
  ShutdownTimeSchema,
} from '../fields.js';
import { defineMethod } from '../method.js';
import { OperationSchema } from './operation.js';

const instance = z.strictObject(InstanceTargetFields);
const destination = HostNameSchema.describe('name of the host it comes to, of the same driver');
const volumeId = NameSchema.describe('id of the volume');
const nothing = {} as const;

/**
 * A method that changes one instance where it is.
 *
 * @param fields what it takes beside the instance
 * @param answer what it answers beside the state of the instance
 */
function instanceChange<
  const Operation extends string,
  Fields extends z.ZodRawShape = typeof nothing,
  Answer extends z.ZodRawShape = typeof nothing,
>(operation: Operation, summary: string, fields = nothing as Fields, answer = nothing as Answer) {
  return defineMethod({
    kind: 'change',
    summary,
    params: z.strictObject({ ...InstanceTargetFields, ...fields, ...ChangeFields }),
    result: z.object({ ...InstanceChangeAnswerSchema.shape, ...answer }),
    operation,
  });
}

/** Refuses to wait for an operating system that is not asked. */
function checkReboot(
  { type, ...wait }: { type?: string | undefined; within_s?: number | undefined; force?: boolean | undefined },
  context: z.RefinementCtx,
): void {
  if (type === 'soft') return;
  for (const field of ['within_s', 'force'] as const) {
    if (wait[field] === undefined) continue;
    context.addIssue({ code: 'custom', path: [field], message: 'goes with type soft only' });
  }
}

/** Which instance came into being, or into our hands. */
const identity = { name: z.string().optional(), id: z.string().optional() } as const;

/** `compute.*`: instances of the hosts in the configuration. */
export const computeMethods = {
  'compute.list_instances': defineMethod({
    kind: 'read',
    summary: 'List the instances of a host with their states.',
    params: z.strictObject({ host: HostNameSchema, ...FreshnessFields }),
    result: z.object({ host: z.string(), instances: z.array(InstanceSummarySchema) }),
    operation: 'listInstances',
  }),
  'compute.get_info': defineMethod({
    kind: 'read',
    summary: 'Tell the state and the size of an instance.',
    params: z.strictObject({
      ...InstanceTargetFields,
      ...FreshnessFields,
      devices: z.boolean().optional().describe('also tell its network interfaces and volumes'),
    }),
    result: InstanceInfoSchema,
    operation: 'getInfo',
  }),
  'compute.get_diagnostics': defineMethod({
    kind: 'read',
    summary: 'Tell what an instance uses: processor time, memory, disks, network.',
    params: instance,
    result: DiagnosticsSchema,
    operation: 'getDiagnostics',
  }),
  'compute.spawn': defineMethod({
    kind: 'change',
    summary: 'Make a new instance from a description, and start it.',
    params: z.strictObject({ host: HostNameSchema, ...InstanceDescriptionFields, ...ChangeFields }),
    result: z.object({ ...InstanceChangeAnswerSchema.shape, ...identity }),
    operation: 'spawn',
  }),
  'compute.destroy': defineMethod({
    kind: 'change',
    summary: 'End an instance that was spawned or adopted, and free what it had; its volumes stay.',
    params: z.strictObject({ ...InstanceTargetFields, ...ChangeFields }),
    result: z.object(ChangeAnswerFields),
    operation: 'destroy',
  }),
  'compute.adopt': instanceChange(
    'adopt',
    'Take an instance that others made into our hands, so that it may be destroyed.',
    {},
    identity,
  ),
  'compute.release': instanceChange(
    'release',
    'Give an instance out of our hands; it stays, and is no longer destroyed.',
    {},
    identity,
  ),
  'compute.power_on': instanceChange('powerOn', 'Start an instance; one that runs stays as it is.'),
  'compute.power_off': instanceChange('powerOff', 'Stop an instance, hard; its operating system is not asked.'),
  'compute.reboot': defineMethod({
    kind: 'change',
    summary: 'Stop an instance, when it runs, and start it.',
    params: z
      .strictObject({
        ...InstanceTargetFields,
        type: z
          .enum(['hard', 'soft'])
          .optional()
          .describe(
            'soft: its operating system is asked to shut down, and waited for; hard (default): it is not asked',
          ),
        within_s: ShutdownTimeSchema.optional(),
        force: z
          .boolean()
          .optional()
          .describe('stop the instance, hard, when it still runs then (default: that is an error)'),
        ...ChangeFields,
      })
      .superRefine(checkReboot),
    result: InstanceChangeAnswerSchema,
    operation: 'reboot',
  }),
  'compute.pause': instanceChange('pause', "Stop an instance's processors and keep its memory."),
  'compute.unpause': instanceChange('unpause', 'Let the processors of a paused instance go on.'),
  'compute.suspend': instanceChange('suspend', "Save an instance's memory to disk and stop it."),
  'compute.resume': instanceChange('resume', 'Continue a suspended instance from its saved memory.'),
  'compute.rescue': instanceChange('rescue', 'Start an instance from something else, to repair it.', {
    image: ImageSourceSchema.optional().describe("what it starts from (default: the driver's rescue image)"),
    boot: BootSchema.optional().describe('what it starts from, when that is no image'),
    admin_password: AdminPasswordSchema.optional().describe('for the rescue system'),
  }),
  'compute.unrescue': instanceChange('unrescue', 'Start a rescued instance again as it was before.'),
  'compute.rebuild': instanceChange('rebuild', 'Make the root disk of an instance anew from an image.', {
    image: ImageSourceSchema,
    reimage_boot_volume: z.boolean().optional().describe('also when it starts from a volume, which is written anew'),
    admin_password: AdminPasswordSchema.optional(),
  }),
  'compute.resize': instanceChange('resize', 'Give an instance another size, to be confirmed or taken back.', {
    flavor: FlavorSchema,
  }),
  'compute.confirm_resize': instanceChange('confirmResize', 'Keep the new size of an instance.'),
  'compute.revert_resize': instanceChange(
    'revertResize',
    'Give an instance its earlier size again, and the root disk that it had.',
  ),
  'compute.snapshot': instanceChange(
    'snapshot',
    'Save the root disk of an instance as an image.',
    {
      name: NameSchema.describe('name of the new image'),
      store_at: ImageDestinationSchema.optional().describe('where it is put (default: among the images of the host)'),
      quiesce: z
        .boolean()
        .optional()
        .describe('write the file systems of the guest out first, and hold them meanwhile'),
    },
    { image: ImageSchema.optional() },
  ),
  'compute.quiesce': instanceChange('quiesce', 'Write the file systems of a running guest out and hold them.'),
  'compute.unquiesce': instanceChange('unquiesce', 'Let the file systems of a guest go on.'),
  'compute.attach_volume': instanceChange(
    'attachVolume',
    'Add a volume to an instance.',
    { volume: VolumeSchema },
    { device: z.string().nullable().optional().describe('its name in the instance, where that is known') },
  ),
  'compute.detach_volume': instanceChange('detachVolume', 'Take a volume away from an instance.', { volume: volumeId }),
  'compute.swap_volume': instanceChange('swapVolume', 'Copy a volume to another one, which takes its place.', {
    volume: volumeId,
    new_volume: VolumeSchema,
  }),
  'compute.extend_volume': instanceChange('extendVolume', 'Let an instance see that a volume of it has grown.', {
    volume: volumeId,
    size_gib: z.int().min(1).max(1_048_576).describe('its size now, GiB'),
  }),
  'compute.attach_interface': instanceChange(
    'attachInterface',
    'Add a network interface to an instance.',
    { network: NetworkSchema },
    {
      interface: z
        .object({ name: z.string(), mac: z.string().nullable() })
        .optional()
        .describe('as detach_interface takes it'),
    },
  ),
  'compute.detach_interface': instanceChange('detachInterface', 'Take a network interface away from an instance.', {
    interface: NameSchema.describe('its MAC address, or its name at the backend'),
  }),
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
  'compute.set_admin_password': instanceChange(
    'setAdminPassword',
    'Set the password of an account in a running guest.',
    {
      user: NameSchema.optional().describe("name of the account (default: the guest's administrator)"),
      password: AdminPasswordSchema,
    },
  ),
  'compute.trigger_crash_dump': instanceChange('triggerCrashDump', 'Make the guest of an instance dump its memory.'),
  'compute.get_console_log': defineMethod({
    kind: 'read',
    summary: 'Tell what an instance has written to its console.',
    params: z.strictObject({
      ...InstanceTargetFields,
      tail_lines: z
        .int()
        .min(1)
        .max(100_000)
        .optional()
        .describe('only so many of its last lines (default: all there are)'),
    }),
    result: z.object({
      log: z.string(),
      cut: z.boolean().describe('there is more before it'),
    }),
    operation: 'getConsoleLog',
  }),
  // Neither a read nor a change: what it opens is for one caller, is no matter for the journal, which would keep what gives
  // access, and must not wait for an operation that hangs, since that is when a console is needed.
  'compute.get_console': defineMethod({
    kind: 'control',
    summary: 'Open a console of an instance for who asks.',
    params: z.strictObject({ ...InstanceTargetFields, type: z.enum(CONSOLE_TYPES) }),
    result: ConsoleSchema,
    operation: 'getConsole',
  }),
  'compute.send_console_command': instanceChange(
    'sendConsoleCommand',
    'Send a line to the console of an instance; get_console_log has what comes of it.',
    { command: PrintableSchema.min(1).max(4096) },
  ),
} as const;
