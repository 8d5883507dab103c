import { ComputeError } from '../../../common/errors/index.js';
import type {
  AnyOperations,
  CallContext,
  OperationContext,
  Relocation,
  VirtHost,
} from '../../../compute/contract/index.js';
import { featuresUsed, VIRT_FEATURE_IDS, type VirtFeatureId } from '../../../features/index.js';
import { lastStepOf, writesAnswered } from '../../kit/index.js';
import type { LibvirtAccess } from '../client/libvirt-access.js';
import { DRIVER_NAME } from '../mapping/refusal.js';

const BY_PROGRAM =
  'the host is reached by the program virsh (way: program), which is for reading and power alone; give it way rpc for all else';

/** What works by the program too. All else is refused there, and declared to be lacking. */
const ALSO_BY_PROGRAM: ReadonlySet<string> = new Set<keyof AnyOperations>([
  'adopt',
  'getHostInfo',
  'getInfo',
  'listInstances',
  'pause',
  'powerOff',
  'powerOn',
  'queryPower',
  'reboot',
  'release',
  'reset',
  'resume',
  'setBootDevice',
  'setEnabled',
  'setMaintenance',
  'softOff',
  'suspend',
  'testHost',
  'unpause',
]);

/** A move has parts: by these an earlier attempt at it is found and looked after. */
const LOOKING_AFTER: ReadonlySet<string> = new Set<keyof Relocation>(['resolve', 'reconcile', 'abort']);

/** Whoever asks for something; what earlier attempts have left is known of operations alone. */
type Asking = CallContext & Partial<Pick<OperationContext, 'checkpoints'>>;
type Refusal = (ctx: Asking) => Promise<never>;

/**
 * A host as its way allows: what the program cannot carry out is refused before anything of it is sent, since an operation that fails
 * half-way may leave a guest switched off. The host declares the same to be lacking.
 *
 * An operation that was begun by way rpc is still reconciled, as far as the program can read, so that what is done is told. It is not gone
 * on with: its refusal says that it was begun.
 */
export function limitedByWay<O extends object>(access: LibvirtAccess, host: VirtHost<O>): VirtHost<O> {
  if (access.by === 'rpc') return host;
  const refuse: Refusal = (ctx) => Promise.reject(notByProgram(access.label, ctx));
  return {
    ...host,
    operations: mapped(host.operations, (name, operation) =>
      ALSO_BY_PROGRAM.has(name) ? operation : refusing(operation, refuse),
    ),
    plan: (ctx, asked, target) => (ALSO_BY_PROGRAM.has(asked.operation) ? host.plan(ctx, asked, target) : refuse(ctx)),
    lacking: () => Promise.resolve(LACKING),
  };
}

/** The refusal of what the program cannot do. @param label the host for people */
export function notByProgram(label: string, { checkpoints = [] }: Asking): ComputeError {
  const refusal = `${label}: ${BY_PROGRAM}`;
  if (lastStepOf(checkpoints) === undefined) {
    return new ComputeError('FEATURE_LIMITED', refusal, { driver: DRIVER_NAME });
  }
  const carriedOut = writesAnswered(checkpoints);
  const stays = carriedOut.length === 0 ? '' : `. Carried out before: ${carriedOut.join(', ')}`;
  return new ComputeError(
    'FEATURE_LIMITED',
    `${refusal}. This was begun by way rpc, and is not gone on with; look at the guest, and repeat it by way rpc${stays}`,
    { driver: DRIVER_NAME, outcome: 'unknown', retry: 'after-reconcile' },
  );
}

/** What a host lacks by the program. Features that show in answers alone are among it: the program does not tell so much. */
const LACKING: ReadonlyMap<VirtFeatureId, string> = lackingByProgram();

function lackingByProgram(): ReadonlyMap<VirtFeatureId, string> {
  const there = new Set([...ALSO_BY_PROGRAM].flatMap((operation) => featuresUsed(operation, {})));
  return new Map(VIRT_FEATURE_IDS.filter((feature) => !there.has(feature)).map((feature) => [feature, BY_PROGRAM]));
}

/** The same operation, which refuses. */
function refusing(operation: object, refuse: Refusal): object {
  if (typeof operation === 'function') return refuse;
  return mapped(operation, (part, does) => (LOOKING_AFTER.has(part) ? does : refuse));
}

function mapped<T extends object>(all: T, one: (name: string, value: object) => object): T {
  const entries = Object.entries(all) as [string, object][];
  return Object.fromEntries(entries.map(([name, value]) => [name, one(name, value)])) as T;
}
