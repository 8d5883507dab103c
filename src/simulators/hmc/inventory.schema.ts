import { z } from 'zod';
import { ADAPTER_TYPES, AdapterSchema, DEFAULT_ADAPTERS } from './adapters/adapter.schema.js';
import { HmcFaultSchema } from './fault.schema.js';
import { GENERATIONS } from './generation.js';
import { NicSchema } from './network/nic.schema.js';
import { CPC_STATUSES, LPAR_STATUSES, PARTITION_STATUSES, PARTITION_TYPES, START_ENDS } from './statuses.js';
import { reportStorageContradictions, StorageGroupsSchema } from './storage/storage.schema.js';

const durationMs = z
  .int()
  .min(0)
  .max(24 * 3_600_000);
const objectName = z.string().min(1).max(64);
const propertyValues = z.record(z.string(), z.json());

/** How long things take, in milliseconds. */
export const TimingSchema = z.strictObject({
  start_ms: durationMs.default(2000).describe('Time spent in starting'),
  paused_ms: durationMs.default(500).describe('Time spent in paused after the job of a start is complete'),
  stop_ms: durationMs.default(1500).describe('Time spent in stopping'),
  psw_restart_ms: durationMs.default(500),
  dump_ms: durationMs.default(2000).describe('Time that a dump takes'),
  halt_ms: durationMs.default(1000).describe('Time that a guest takes to shut down, when told to on a console'),
  activate_ms: durationMs.default(2000).describe('Of a logical partition'),
  deactivate_ms: durationMs.default(1500),
  load_ms: durationMs.default(1500),
  reset_ms: durationMs.default(500),
  settle_ms: durationMs.default(300).describe('Time until a logical partition shows what a completed job has done'),
  cancel_ms: durationMs.default(200).describe('Time spent in cancel-pending'),
  job_ms: durationMs.optional().describe('Time a job runs, when it is not that of its operation'),
  fulfilment_ms: durationMs.default(10_000).describe('Time until storage that is asked for is there'),
  discovery_ms: durationMs.default(3000).describe('Time that a discovery of storage takes'),
});
export type Timing = z.output<typeof TimingSchema>;

/** No defaults here: what is left out comes from the timing of the whole HMC. */
const TimingOverrideSchema = z.strictObject({
  start_ms: durationMs.optional(),
  paused_ms: durationMs.optional(),
  stop_ms: durationMs.optional(),
  psw_restart_ms: durationMs.optional(),
  dump_ms: durationMs.optional(),
  halt_ms: durationMs.optional(),
  activate_ms: durationMs.optional(),
  deactivate_ms: durationMs.optional(),
  load_ms: durationMs.optional(),
  reset_ms: durationMs.optional(),
  settle_ms: durationMs.optional(),
  cancel_ms: durationMs.optional(),
  job_ms: durationMs.optional(),
});

/** What runs in a partition or logical partition, as seen on its consoles. */
const GuestSchema = z.strictObject({
  os_messages: z.boolean().default(true).describe('Whether the interface of OS messages is available (else 409,332)'),
  user: z.string().min(1).max(64).default('root').describe('Who may log in on the ASCII console'),
  password: z.string().min(1).max(64).default('linux'),
});
export type GuestEntry = z.output<typeof GuestSchema>;

const guest = GuestSchema.prefault({});

const partitionShape = {
  guest,
  type: z.enum(PARTITION_TYPES).default('linux'),
  starts_as: z
    .enum(START_ENDS)
    .default('active')
    .describe('Status that a start ends in; a linux partition with boot-device none always ends paused'),
  timing: TimingOverrideSchema.optional(),
  nics: z.array(NicSchema).default([]),
  properties: propertyValues
    .default({})
    .describe('HMC properties by their HMC names, such as boot-device; boot-network-device may name a NIC'),
};

const PartitionSchema = z.strictObject({
  name: objectName,
  status: z.enum(PARTITION_STATUSES).default('stopped'),
  object_id: z.uuid().optional().describe('Derived from the names of the CPC and the partition when absent'),
  ...partitionShape,
});

const GenerateSchema = z.strictObject({
  pattern: z
    .string()
    .regex(/\{n(:\d)?\}/, 'must contain {n}, or {n:4} for a number of four digits')
    .max(64),
  count: z.int().min(1).max(10_000),
  first: z.int().min(0).default(1),
  statuses: z.array(z.enum(PARTITION_STATUSES)).min(1).default(['stopped']).describe('Dealt out in turn'),
  ...partitionShape,
});

const cpcShape = {
  name: objectName,
  object_id: z.uuid().optional(),
  generation: z.enum(GENERATIONS).default('z16').describe('Decides machine type, SE version, and how NICs are backed'),
  se_version: z.string().optional().describe('That of the generation when absent'),
  properties: propertyValues.default({}),
};

const DpmCpcSchema = z.strictObject({
  mode: z.literal('dpm'),
  status: z.enum(CPC_STATUSES).default('active'),
  partitions: z.array(PartitionSchema).default([]),
  adapters: z
    .array(AdapterSchema)
    .optional()
    .describe('Two OSA, one HiperSockets, two FCP and one crypto adapter when absent'),
  generate: z.array(GenerateSchema).default([]).describe('Many partitions in few lines'),
  ...cpcShape,
});

const ClassicCpcSchema = z.strictObject({
  mode: z.literal('classic'),
  status: z.enum(CPC_STATUSES).default('operating'),
  logical_partitions: z
    .array(
      z.strictObject({
        name: objectName,
        status: z.enum(LPAR_STATUSES).default('not-activated'),
        activation_mode: z.string().default('linux'),
        load_at_activation: z.boolean().default(false).describe('As in its image profile: activate loads it, too'),
        timing: TimingOverrideSchema.optional(),
        guest,
      }),
    )
    .default([]),
  ...cpcShape,
});

/** Tasks a user may be allowed, of those that the simulator asks for. */
export const TASKS = [
  'start-partition',
  'stop-partition',
  'psw-restart',
  'partition-details',
  'new-partition',
  'delete-partition',
  'dump-partition',
  'adapter-details',
  'configure-storage',
  'operating-system-messages',
  'integrated-ascii-console',
  'activate',
  'deactivate',
  'load',
  'reset-clear',
  'reset-normal',
  'start-all-processors',
  'stop-all-processors',
  'view-operating-system-messages',
  'view-audit-log',
  'view-security-log',
] as const;
export type Task = (typeof TASKS)[number];

const UserSchema = z.strictObject({
  name: z.string().min(1).max(64),
  password: z.string().min(1),
  allow_management_interfaces: z.boolean().default(true).describe('false on a real HMC unless switched on'),
  is_locked: z.boolean().default(false),
  max_sessions: z.int().min(1).default(100),
  session_idle_ms: z
    .int()
    .min(1)
    .default(360 * 60_000),
  tasks: z.union([z.literal('all'), z.array(z.enum(TASKS))]).default('all'),
  sees_itself: z.boolean().default(true).describe('May the user read its own limits and roles?'),
  sees: z
    .union([
      z.literal('everything'),
      z.array(
        z.strictObject({
          cpc: objectName,
          cpc_itself: z.boolean().default(true).describe('Object access to the CPC, beside that to its partitions'),
          partitions: z.union([z.literal('all'), z.array(objectName)]).default('all'),
          storage_groups: z.union([z.literal('all'), z.array(objectName)]).default('all'),
          adapters: z.union([z.literal('all'), z.array(objectName)]).default('all'),
        }),
      ),
    ])
    .default('everything'),
});

const StompSchema = z.strictObject({
  port: z.int().min(0).max(65_535).optional().describe('61612 when absent, or a free one beside an API on a free port'),
  heart_beat_ms: z.int().min(0).max(3_600_000).default(1000).describe('Shortest heart-beat agreed to; 0 for none'),
  max_connections: z.int().min(1).max(10_000).default(100),
});

const RedundantSchema = z.strictObject({
  name: z.string().default('HMC2'),
  port: z.int().min(0).max(65_535).optional().describe('The one after that of the first HMC when absent'),
  stomp_port: z.int().min(0).max(65_535).optional(),
});

const HmcSchema = z.strictObject({
  name: z.string().default('HMC1'),
  version: z.string().default('2.16.0'),
  api_version: z
    .string()
    .regex(/^\d+\.\d+$/, 'must look like 4.10')
    .default('4.10'),
  unmanaged_cpcs: z.array(objectName).default([]).describe('Names of CPCs that the HMC sees but does not manage'),
  keep_alive_ms: z.int().min(1).default(20_000).describe('Idle connections are closed after this time'),
  chunked: z.boolean().default(false).describe('Answers without Content-Length'),
  max_body_bytes: z
    .int()
    .min(1024)
    .default(1024 * 1024),
  max_iso_bytes: z
    .int()
    .min(0)
    .default(16 * 1024 ** 3)
    .describe('The one body that may be larger: an ISO image that is mounted'),
  lock_after_refused_logons: z.int().min(1).default(5).describe('Refused logons in a row that lock a user'),
  session_limit_reason: z.int().default(9).describe('The 403 reason of a logon over the session limit (a guess)'),
  active_limit_reason: z
    .int()
    .default(9)
    .describe('The 409 reason of a start beyond the maximum of active partitions (a guess)'),
  locked_reason: z.int().default(1).describe('The 409 reason of a disruptive task on a locked partition (a guess)'),
  dump_ends_as: z
    .enum(PARTITION_STATUSES)
    .default('paused')
    .describe('Status of a partition that has been dumped (a guess)'),
  os_message_limit: z.int().min(1).max(10_000).default(200).describe('OS messages kept of each partition'),
  console_taken_reason: z
    .int()
    .default(330)
    .describe('The 409 reason of an ASCII console that somebody else holds (a guess)'),
  unavailable_reason: z.int().default(1).describe('The reason of a 503 (a guess)'),
  storage_conflict_reason: z
    .int()
    .default(470)
    .describe('The 409 reason of what the attachments of a storage group do not permit (a guess)'),
  redundant: RedundantSchema.optional().describe('Another HMC of the same CPCs, with sessions and jobs of its own'),
  stomp: StompSchema.prefault({}).describe('The server of notifications'),
});

/** The file a user edits. Shape mistakes are all reported together; contradictions between entries once the shape is right. */
export const HmcInventorySchema = z
  .strictObject({
    hmc: HmcSchema.prefault({}),
    timing: TimingSchema.prefault({}),
    users: z.array(UserSchema).min(1),
    cpcs: z.array(z.discriminatedUnion('mode', [DpmCpcSchema, ClassicCpcSchema])),
    storage_groups: StorageGroupsSchema,
    faults: z.array(HmcFaultSchema).default([]),
  })
  .superRefine((inventory, context) => {
    reportDuplicates(inventory.users, ['users'], context);
    reportDuplicates(inventory.cpcs, ['cpcs'], context);
    inventory.cpcs.forEach((cpc, index) => {
      if (cpc.mode === 'dpm') {
        reportDuplicates(partitionsOf(cpc), ['cpcs', index, 'partitions'], context);
        reportDuplicates(cpc.adapters ?? [], ['cpcs', index, 'adapters'], context);
        reportUnknownAdapters(cpc, ['cpcs', index], context);
      }
      if (cpc.mode === 'classic')
        reportDuplicates(cpc.logical_partitions, ['cpcs', index, 'logical_partitions'], context);
    });
    reportUnknownGrants(inventory, context);
    reportStorageContradictions(
      {
        storage_groups: inventory.storage_groups,
        partitions: new Map(
          inventory.cpcs.map((cpc) => [
            cpc.name,
            cpc.mode === 'dpm' ? partitionsOf(cpc).map(({ name }) => name) : null,
          ]),
        ),
      },
      context,
    );
  });

export type HmcInventory = z.output<typeof HmcInventorySchema>;
/** As written by a user: defaults may be left out. */
export type HmcInventoryInput = z.input<typeof HmcInventorySchema>;
export type UserEntry = z.output<typeof UserSchema>;
export type CpcEntry = HmcInventory['cpcs'][number];
export type DpmCpcEntry = z.output<typeof DpmCpcSchema>;
export type PartitionEntry = z.output<typeof PartitionSchema>;
export type HmcSettings = z.output<typeof HmcSchema>;

/** The JSON schema that editors use; kept in `simulators/hmc/inventory.schema.json`. */
export function hmcInventoryJsonSchema(): Record<string, unknown> {
  return {
    title: 'Inventory of the Zenova HMC simulator',
    ...z.toJSONSchema(HmcInventorySchema, { io: 'input', unrepresentable: 'any' }),
  };
}

/** Those written by hand, then the generated ones. */
export function partitionsOf(cpc: DpmCpcEntry): PartitionEntry[] {
  const generated = cpc.generate.flatMap(({ pattern, count, first, statuses, ...rest }) =>
    Array.from({ length: count }, (_, index): PartitionEntry => {
      const name = pattern.replaceAll(/\{n(?::(\d))?\}/g, (_match, width?: string) =>
        String(first + index).padStart(Number(width ?? 0), '0'),
      );
      return { ...rest, name, status: statuses[index % statuses.length] ?? 'stopped' };
    }),
  );
  return [...cpc.partitions, ...generated];
}

function reportDuplicates(
  entries: readonly { name: string }[],
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  entries.forEach(({ name }, index) => {
    if (seen.has(name)) {
      context.addIssue({
        code: 'custom',
        path: [...path, index, 'name'],
        message: `the name "${name}" is taken already`,
      });
    }
    seen.add(name);
  });
}

function reportUnknownAdapters(cpc: DpmCpcEntry, path: (string | number)[], context: z.RefinementCtx): void {
  const ports = new Map(
    (cpc.adapters ?? DEFAULT_ADAPTERS).map(({ name, type, ports }) => {
      const { ports: kind, count } = ADAPTER_TYPES[type];
      return [name, kind === 'network' ? (ports ?? count) : 0];
    }),
  );
  for (const group of ['partitions', 'generate'] as const) {
    cpc[group].forEach(({ nics }, index) => {
      const nicPath = [...path, group, index, 'nics'];
      reportDuplicates(nics, nicPath, context);
      nics.forEach(({ adapter, port }, nicIndex) => {
        if (port < (ports.get(adapter) ?? 0)) return;
        const message = `the CPC has no adapter "${adapter}" with a network port ${port}`;
        context.addIssue({ code: 'custom', path: [...nicPath, nicIndex, 'adapter'], message });
      });
    });
  }
}

function reportUnknownGrants(inventory: Pick<HmcInventory, 'users' | 'cpcs'>, context: z.RefinementCtx): void {
  const cpcs = new Set(inventory.cpcs.map(({ name }) => name));
  inventory.users.forEach((user, userIndex) => {
    if (user.sees === 'everything') return;
    user.sees.forEach((grant, index) => {
      if (cpcs.has(grant.cpc)) return;
      const path = ['users', userIndex, 'sees', index, 'cpc'];
      context.addIssue({ code: 'custom', path, message: `there is no CPC "${grant.cpc}"` });
    });
  });
}
