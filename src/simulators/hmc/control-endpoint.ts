import { z } from 'zod';
import { definedOnly } from '../../common/defined-only.js';
import type { Answer, ReceivedRequest } from '../kit/https-listener.js';
import { pathOf } from '../kit/inventory-loader.js';
import { toAnswer } from './answers.js';
import { ADAPTER_STATUSES, type AdapterStatus } from './adapters/adapter.schema.js';
import type { BootRecord, DumpRecord, IsoImage } from './boot-record.js';
import { HmcFaultSchema } from './fault.schema.js';
import { HmcError } from './hmc-error.js';
import type { HmcFaults } from './hmc-faults.js';
import type { HmcWireLog } from './hmc-wire-log.js';
import type { Job } from './jobs.js';
import type { FrameLog } from './notifications/frame-log.js';
import type { LogEntry } from './notifications/notifier.js';
import { parseBody } from './router.js';
import type { LogonRecord } from './sessions.js';
import type { StorageGroupView } from './storage/storage.js';
import { FULFILMENTS, type Fulfilment } from './storage/storage.schema.js';
import { PARTITION_STATUSES, START_ENDS, type PartitionStatus, type StartEnd } from './statuses.js';

/** Paths below this are not part of the API of an HMC. */
export const CONTROL_PREFIX = '/simulator/';

/** A partition as seen from outside the API. */
export interface PartitionView {
  readonly name: string;
  readonly cpc: string;
  readonly uri: string;
  readonly status: PartitionStatus;
  readonly busy: boolean;
  /** What its last start has booted; null before the first, and when it did not come to that. */
  readonly booted: BootRecord | null;
  /** The ISO image that is mounted. */
  readonly iso: IsoImage | null;
  readonly dumps: readonly DumpRecord[];
}

export interface FulfilOptions {
  readonly cpc?: string | undefined;
  /** All of them when absent. */
  readonly volume?: string | undefined;
  /** What comes of it, `complete` unless told otherwise. */
  readonly fulfilment?: Fulfilment | undefined;
}

/** What can be looked at and done from outside the API, in this process or through the control endpoint. */
export interface SimulatorControl {
  readonly wireLog: HmcWireLog;
  /** STOMP frames as they came and went. */
  readonly frameLog: FrameLog;
  /** The fault rules in force. */
  readonly faults: HmcFaults;
  /** Open connections. */
  readonly connections: number;
  /** Live sessions, of one user or of all. */
  sessionCount(user?: string): number;
  /** As if every session had expired. */
  dropSessions(): void;
  /** What came of a user's logons. */
  logons(user: string): Readonly<LogonRecord>;
  /** What an HMC administrator does after too many refused logons. */
  unlock(user: string): void;
  /** Jobs that no client has deleted. */
  jobs(): readonly Readonly<Job>[];
  /** ASCII consoles that somebody uses. */
  readonly asciiConsoles: number;
  /** STOMP clients, of one user or of all. */
  stompConnections(user?: string): number;
  /** Cuts them without a word. */
  dropStompConnections(user?: string): void;
  /** As if the HMC had written into its audit or security log. */
  writeLogEntry(kind: 'audit' | 'security', entry: LogEntry): void;
  /** As if the operating system of that partition, or logical partition, had written it. */
  writeOsMessage(name: string, text: string, options?: { cpc?: string; isHeld?: boolean; isPriority?: boolean }): void;
  /** Partitions by name and CPC, or all. */
  partitions(name?: string, cpc?: string): readonly PartitionView[];
  /** Forces a status, ending what goes on in the partition. RangeError when the name is unknown or not unique. */
  setStatus(name: string, status: PartitionStatus, cpc?: string): void;
  /** What the next starts of the partition end in. */
  setStartsAs(name: string, startsAs: StartEnd, cpc?: string): void;
  /** An adapter fails or returns; partitions with devices on it are degraded meanwhile. */
  setAdapterStatus(name: string, status: AdapterStatus, cpc?: string): void;
  /** Storage groups by name and CPC, or all. */
  storageGroups(name?: string, cpc?: string): readonly StorageGroupView[];
  /** The storage administrator acts now, on one volume of the group or on all of them. RangeError for unknown names. */
  fulfil(group: string, options?: FulfilOptions): void;
  /** What was created since the start and is still there, by kind: `partitions`, `nics`, `iso_images`, `jobs` … */
  leftovers(): Record<string, string[]>;
  /** As a restart of the HMC: connections refused for `downMs` (simulator time), then no session and no job is left. */
  restart(options?: { downMs?: number }): Promise<void>;
}

const LogQuerySchema = z.strictObject({
  method: z.string().optional(),
  path: z.string().optional(),
  subject: z.string().optional(),
  status: z.coerce.number().int().optional(),
  executed: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional(),
  since: z.coerce.number().int().optional(),
});

const PartitionQuerySchema = z.strictObject({ name: z.string().optional(), cpc: z.string().optional() });

const SetPartitionSchema = z
  .strictObject({
    name: z.string(),
    cpc: z.string().optional(),
    status: z.enum(PARTITION_STATUSES).optional(),
    starts_as: z.enum(START_ENDS).optional(),
  })
  .refine(({ status, starts_as: startsAs }) => status !== undefined || startsAs !== undefined, {
    message: 'give status, or starts_as',
  });

const SetAdapterSchema = z.strictObject({
  name: z.string(),
  cpc: z.string().optional(),
  status: z.enum(ADAPTER_STATUSES),
});

const FulfilSchema = z.strictObject({
  name: z.string(),
  cpc: z.string().optional(),
  volume: z.string().optional(),
  fulfilment: z.enum(FULFILMENTS).exclude(['never']).default('complete'),
});

const RestartSchema = z.strictObject({ down_ms: z.int().min(0).max(3_600_000).default(1000) });

const UserSchema = z.strictObject({ user: z.string() });

const FrameQuerySchema = z.strictObject({
  direction: z.enum(['received', 'sent']).optional(),
  command: z.string().optional(),
  notification: z.string().optional(),
  subject: z.string().optional(),
  since: z.coerce.number().int().optional(),
});

const ConnectionsOfSchema = z.strictObject({ user: z.string().optional() });

const OsMessageSchema = z.strictObject({
  name: z.string(),
  cpc: z.string().optional(),
  text: z.string().max(4000),
  is_held: z.boolean().default(false),
  is_priority: z.boolean().default(false),
});

const LogEntrySchema = z.strictObject({
  log: z.enum(['audit', 'security']),
  id: z.string().max(100),
  name: z.string().max(200),
  message: z.string().max(2000),
  user: z.string().max(64),
});

type Control = (simulator: SimulatorControl, request: ReceivedRequest, rest: string) => unknown;

const noContent = (act: () => void): undefined => {
  act();
  return undefined;
};

/** What an operator, or a test in another process, can ask of a running simulator. No session is needed. */
const CONTROLS: Readonly<Record<string, Control>> = {
  'GET state': (simulator) => ({
    sessions: simulator.sessionCount(),
    jobs: simulator.jobs().map(({ uri, status, subject }) => ({ uri, status, subject: subject.name })),
    connections: simulator.connections,
    stomp_connections: simulator.stompConnections(),
    ascii_consoles: simulator.asciiConsoles,
    last_sequence: simulator.wireLog.last,
  }),
  'GET wire-log': (simulator, request) => ({
    entries: simulator.wireLog.entries(definedOnly(queryOf(LogQuerySchema, request))),
  }),
  'DELETE wire-log': (simulator) => noContent(() => simulator.wireLog.clear()),
  'GET frame-log': (simulator, request) => ({
    entries: simulator.frameLog.entries(definedOnly(queryOf(FrameQuerySchema, request))),
  }),
  'DELETE frame-log': (simulator) => noContent(() => simulator.frameLog.clear()),
  'DELETE stomp-connections': (simulator, request) =>
    noContent(() => simulator.dropStompConnections(queryOf(ConnectionsOfSchema, request).user)),
  'POST log-entries': (simulator, request) =>
    noContent(() => {
      const { log, ...entry } = bodyOf(LogEntrySchema, request);
      simulator.writeLogEntry(log, entry);
    }),
  'POST os-messages': (simulator, request) =>
    noContent(() => {
      const { name, cpc, text, is_held: isHeld, is_priority: isPriority } = bodyOf(OsMessageSchema, request);
      simulator.writeOsMessage(name, text, { ...(cpc === undefined ? {} : { cpc }), isHeld, isPriority });
    }),
  'GET faults': (simulator) => ({ faults: simulator.faults.list() }),
  'POST faults': (simulator, request) => ({ id: simulator.faults.add(bodyOf(HmcFaultSchema, request)) }),
  'DELETE faults': (simulator, _request, rest) =>
    noContent(() => {
      if (rest === '') simulator.faults.clear();
      else if (!simulator.faults.remove(Number(rest))) throw new HmcError(404, 1, `there is no fault ${rest}`);
    }),
  'GET partitions': (simulator, request) => {
    const { name, cpc } = queryOf(PartitionQuerySchema, request);
    return { partitions: simulator.partitions(name, cpc) };
  },
  'POST partitions': (simulator, request) =>
    noContent(() => {
      const { name, status, starts_as: startsAs, cpc } = bodyOf(SetPartitionSchema, request);
      if (startsAs !== undefined) simulator.setStartsAs(name, startsAs, cpc);
      if (status !== undefined) simulator.setStatus(name, status, cpc);
    }),
  'POST adapters': (simulator, request) =>
    noContent(() => {
      const { name, status, cpc } = bodyOf(SetAdapterSchema, request);
      simulator.setAdapterStatus(name, status, cpc);
    }),
  'GET storage-groups': (simulator, request) => {
    const { name, cpc } = queryOf(PartitionQuerySchema, request);
    return { storage_groups: simulator.storageGroups(name, cpc) };
  },
  'POST storage-groups': (simulator, request) =>
    noContent(() => {
      const { name, ...options } = bodyOf(FulfilSchema, request);
      simulator.fulfil(name, options);
    }),
  'GET leftovers': (simulator) => simulator.leftovers(),
  'GET logons': (simulator, request) => simulator.logons(queryOf(UserSchema, request).user),
  'POST unlock': (simulator, request) => noContent(() => simulator.unlock(bodyOf(UserSchema, request).user)),
  'DELETE sessions': (simulator) => noContent(() => simulator.dropSessions()),
  'POST restart': (simulator, request) => {
    const { down_ms: downMs } = bodyOf(RestartSchema, request);
    // After the answer is out.
    setImmediate(() => void simulator.restart({ downMs }).catch(() => undefined));
    return undefined;
  },
};

export function serveControl(simulator: SimulatorControl, request: ReceivedRequest): Answer {
  const [resource = '', ...rest] = request.path.slice(CONTROL_PREFIX.length).split('/');
  const key = `${request.method} ${resource}`;
  const control = Object.hasOwn(CONTROLS, key) ? CONTROLS[key] : undefined;
  if (control === undefined) {
    return toAnswer({
      status: 404,
      body: { error: `no such control; there are: ${Object.keys(CONTROLS).join(', ')}` },
    });
  }
  try {
    const body = control(simulator, request, rest.join('/'));
    return toAnswer(body === undefined ? { status: 204 } : { status: 200, body });
  } catch (error) {
    const status = error instanceof HmcError ? error.status : 400;
    return toAnswer({ status, body: { error: (error as Error).message } });
  }
}

function bodyOf<S extends z.ZodType>(schema: S, request: ReceivedRequest): z.output<S> {
  if (request.body === null) throw new Error('the body is too large');
  return checked(schema, parseBody(request) ?? {});
}

function queryOf<S extends z.ZodType>(schema: S, request: ReceivedRequest): z.output<S> {
  return checked(schema, Object.fromEntries(new URLSearchParams(request.query)));
}

function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(result.error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`).join('; '));
}
