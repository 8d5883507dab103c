import { HmcFaultSchema, type HmcFaultInput } from '../../../src/simulators/hmc/fault.schema.js';
import { matchesGlob, type WireEntry } from '../../../src/simulators/kit/wire-log.js';

/** A request of an operation, by which a fault finds it in another run: the n-th that looks like this. */
export interface Step {
  readonly method: string;
  /** The path, `*` for what is another in every run. */
  readonly path: string;
  readonly nth: number;
}

/** What befalls an operation. */
export type Mishap =
  | { readonly kind: 'fault'; readonly name: string; readonly step: Step; readonly rule: HmcFaultInput }
  /** All notifications of the operation meet this; without them the HMC has to be asked. */
  | { readonly kind: 'deaf'; readonly name: string; readonly rule: HmcFaultInput }
  /** The process dies at the checkpoint of this number. */
  | { readonly kind: 'death'; readonly name: string; readonly checkpoint: number; readonly when: 'before' | 'after' };

/** How long a request may take where slow answers take longer. It is true time, as it is on the wire. */
export const SLOW_REQUEST_MS = 3000;

type Kind = HmcFaultInput['kind'];
type Profile<K extends Kind> = Extract<HmcFaultInput, { kind: K }> & { readonly kind: K };

interface Place {
  readonly isWrite: boolean;
  /** It needs what it names, and is no deletion. */
  readonly isPost: boolean;
  readonly isLogon: boolean;
  readonly isJob: boolean;
  readonly isStart: boolean;
  readonly isStorage: boolean;
  /** The end of a job is tidied away: what the HMC refuses for good stays there, and harms nobody. */
  readonly isTidying: boolean;
}

/** Of each kind of fault that the simulator has, those that a request can meet; a kind that is forgotten does not compile. */
const PROFILES: { readonly [K in Kind]: (at: Place) => readonly Profile<K>[] } = {
  slow: () => [
    { kind: 'slow', when: 'before', delay_ms: 150 },
    { kind: 'slow', when: 'after', delay_ms: SLOW_REQUEST_MS + 500 },
  ],
  'session-expired': ({ isLogon }) => (isLogon ? [] : [{ kind: 'session-expired' }]),
  'logon-refused': ({ isLogon }) => (isLogon ? [{ kind: 'logon-refused' }] : []),
  busy: ({ isJob }) => (isJob ? [{ kind: 'busy', times: 2 }] : []),
  unavailable: () => [
    { kind: 'unavailable', times: 1 },
    { kind: 'unavailable', times: 3 },
  ],
  error: ({ isWrite, isPost, isTidying }) => [
    { kind: 'error', status: 500, reason: 0 },
    { kind: 'error', status: 500, reason: 263 },
    { kind: 'error', status: 409, reason: 2 },
    ...(isTidying
      ? []
      : ([
          { kind: 'error', status: 409, reason: 1 },
          { kind: 'error', status: 403, reason: 1 },
        ] as const)),
    // Of what is read or deleted this is the truth, and believed.
    ...(isPost ? [{ kind: 'error', status: 404, reason: 1 } as const] : []),
    ...(isWrite ? [{ kind: 'error', status: 500, reason: 0, times: 'always' } as const] : []),
  ],
  'connection-reset': ({ isWrite }) => [
    { kind: 'connection-reset' },
    ...(isWrite ? [{ kind: 'connection-reset', times: 'always' } as const] : []),
  ],
  'job-cancelled': ({ isJob }) => (isJob ? [{ kind: 'job-cancelled' }] : []),
  'job-lost': ({ isJob }) => (isJob ? [{ kind: 'job-lost' }] : []),
  'job-failed': ({ isJob, isStart }) => [
    ...(isJob ? [{ kind: 'job-failed' } as const] : []),
    ...(isStart ? [{ kind: 'job-failed', ends_as: 'reservation-error' } as const] : []),
  ],
  'never-reaches': ({ isJob }) => (isJob ? [{ kind: 'never-reaches' }] : []),
  ignored: ({ isJob }) => (isJob ? [{ kind: 'ignored' }] : []),
  fulfilment: ({ isStorage }) => (isStorage ? [{ kind: 'fulfilment', ends_as: 'configuration-error' }] : []),
  'html-error': () => [
    { kind: 'html-error', when: 'before' },
    { kind: 'html-error', when: 'after' },
    { kind: 'html-error', when: 'after', status: 200 },
  ],
  'answer-lost': ({ isWrite }) => [
    { kind: 'answer-lost' },
    ...(isWrite ? [{ kind: 'answer-lost', times: 'always' } as const] : []),
  ],
  'truncated-json': () => [{ kind: 'truncated-json' }],
  'wrong-types': () => [{ kind: 'wrong-types' }],
  'endless-body': () => [{ kind: 'endless-body' }],
  // These do not strike at requests.
  'stomp-refused': () => [],
  'stomp-cut': () => [],
  'notification-lost': () => [],
  'notification-late': () => [],
  'notification-twice': () => [],
};

const DEAFNESS: readonly HmcFaultInput[] = [
  { kind: 'stomp-refused', times: 'always' },
  { kind: 'stomp-cut', times: 'always' },
  { kind: 'notification-lost', times: 'always' },
  { kind: 'notification-late', times: 'always', delay_ms: 50 },
  { kind: 'notification-twice', times: 'always' },
];

/** Every mishap that an operation can meet which sent these requests and left so many checkpoints. */
export function mishapsOf(requests: readonly WireEntry[], checkpoints: number): Mishap[] {
  return [
    ...stepsOf(requests).flatMap((step) =>
      profilesAt(step).map((rule): Mishap => ({
        kind: 'fault',
        name: `${asText(step)} meets ${nameOf(rule)}`,
        step,
        rule,
      })),
    ),
    ...DEAFNESS.map((rule): Mishap => ({ kind: 'deaf', name: `notifications meet ${nameOf(rule)}`, rule })),
    ...Array.from({ length: checkpoints }, (_, index) => index + 1).flatMap((checkpoint) =>
      (['before', 'after'] as const).map((when): Mishap => ({
        kind: 'death',
        name: `death ${when} checkpoint ${checkpoint}`,
        checkpoint,
        when,
      })),
    ),
  ];
}

/** The requests, but for those that only repeat the one before: how often something is polled is another in every run. */
function stepsOf(requests: readonly WireEntry[]): Step[] {
  return requests.flatMap(({ method, path }, index) => {
    const glob = asGlob(path);
    const before = requests[index - 1];
    if (method === 'GET' && before?.method === method && asGlob(before.path) === glob) return [];
    const nth = requests
      .slice(0, index + 1)
      .filter((one) => one.method === method && matchesGlob(glob, one.path)).length;
    return [{ method, path: glob, nth }];
  });
}

export function asGlob(path: string): string {
  return path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '*');
}

function profilesAt({ method, path }: Step): HmcFaultInput[] {
  const isLogon = path === '/api/sessions';
  const isTidying = method === 'DELETE' && /^\/api\/(jobs|sessions)\//.test(path);
  const at: Place = {
    isWrite: method !== 'GET' && !isLogon && !isTidying,
    isLogon,
    isPost: method === 'POST' && !path.endsWith('/operations/delete'),
    isTidying,
    isJob: isJobStep(path),
    isStart: path.endsWith('/start'),
    isStorage: method === 'POST' && path === '/api/storage-groups',
  };
  return Object.values(PROFILES).flatMap((profiles): readonly HmcFaultInput[] => profiles(at));
}

function isJobStep(path: string): boolean {
  return /\/operations\/(start|stop|psw-restart)$/.test(path);
}

/** The paths of partitions stand for those of their operations too, and which of them is met as the so-manieth may be another in every run. */
function mayBeginJob(path: string): boolean {
  return isJobStep(path) || ['start', 'stop'].some((name) => matchesGlob(path, `/api/partitions/-/operations/${name}`));
}

/** Is the HMC left with a job or a session of which nobody was told? Nobody can remove it then but by its own means. */
export function hides(mishap: Mishap, what: 'job' | 'session'): boolean {
  switch (mishap.kind) {
    case 'deaf':
      return false;
    case 'death':
      return what === 'job' && mishap.when === 'before';
    case 'fault': {
      const { step, rule } = mishap;
      if (what === 'job') return isSpoiled(rule) && (mayBeginJob(step.path) || rule.times === 'always');
      return step.path === '/api/sessions' && isSpoiled(rule);
    }
  }
}

/** Is the request carried out, and its answer of no use? */
function isSpoiled(input: HmcFaultInput): boolean {
  const rule = HmcFaultSchema.parse(input);
  switch (rule.kind) {
    case 'html-error':
    case 'slow':
      return rule.when === 'after';
    case 'answer-lost':
    case 'truncated-json':
    case 'wrong-types':
    case 'endless-body':
      return true;
    default:
      return false;
  }
}

export function asText({ method, path, nth }: Step): string {
  return `${method} ${path}${nth === 1 ? '' : ` (${nth})`}`;
}

function nameOf(rule: HmcFaultInput): string {
  const { kind, ...more } = rule;
  return [kind, ...Object.entries(more).map(([name, value]) => `${name}=${String(value)}`)].join(' ');
}

/** What it takes to meet it: those that wait take seconds. */
export function costOf(mishap: Mishap): 'change' | 'read' | 'wait' {
  if (mishap.kind !== 'fault') return 'change';
  const { rule, step } = mishap;
  if (['slow', 'endless-body', 'never-reaches', 'ignored'].includes(rule.kind)) return 'wait';
  return step.method === 'GET' ? 'read' : 'change';
}
