import type { z } from 'zod';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { FeatureClaim, VIRT_FEATURES, VirtFeatureId } from '../../features/index.js';
import type { BreakerStore } from './breaker.js';
import type { ConsoleOffers } from './consoles.js';
import type { CallContext, OperationContext } from './context.js';
import type { ChangeOperation, ChangeResult, StatelessResult } from './operations/change.js';
import type { ConsoleOperations, GuestOperations, NetworkOperations } from './operations/guest.js';
import type { HostOperations } from './operations/host.js';
import type { AdviceOperations, InventoryOperations } from './operations/inventory.js';
import type { LifecycleOperations, ProvisioningOperations } from './operations/lifecycle.js';
import type {
  BootDeviceOperation,
  GentlePowerOperations,
  PowerOperations,
  RebootOperation,
} from './operations/power.js';
import type { MigrationOperations } from './operations/relocation.js';
import type { ImageOperations, StorageOperations } from './operations/storage.js';
import type { Images } from './images.js';
import type { PlannedStep, Reconciliation } from './reconciliation.js';
import type { Seeds } from './seeds.js';
import type { Target } from './target.js';
import type { ObservedState } from '../state/power-state.js';
import type { TargetKey } from '../../common/ids.js';

/** Every operation that a virt driver may have. */
export interface InstanceOperations
  extends
    PowerOperations,
    RebootOperation,
    BootDeviceOperation,
    GentlePowerOperations,
    LifecycleOperations,
    ProvisioningOperations,
    StorageOperations,
    NetworkOperations,
    GuestOperations,
    ConsoleOperations,
    ImageOperations,
    MigrationOperations,
    HostOperations,
    InventoryOperations,
    AdviceOperations {}
export type InstanceOperationName = keyof InstanceOperations;

/** The operations that every driver has. */
type CoreOperationName = 'powerOn' | 'powerOff' | 'queryPower' | 'listInstances' | 'testHost';

/** The operations that a claim of a feature needs. */
type OperationOf<F extends VirtFeatureId> = (typeof VIRT_FEATURES)[F]['operations'][number];

type MissingClaim = Extract<FeatureClaim, { level: 'missing' }>;

/** An answer for every feature of the catalogue. */
export type ComputeDeclaration = { readonly [F in VirtFeatureId]: FeatureClaim };

type GovernedOperation = OperationOf<VirtFeatureId>;
type ClaimedOperation<D extends ComputeDeclaration> = {
  [F in VirtFeatureId]: D[F] extends MissingClaim ? never : OperationOf<F>;
}[VirtFeatureId];
/** A driver has these or not, as its backend does. */
type FreeOperationName = Exclude<InstanceOperationName, CoreOperationName | GovernedOperation>;

/** Exactly the operations that a declaration claims, those that every driver has, and any that no feature governs. */
export type OperationsOf<D extends ComputeDeclaration> = Pick<
  InstanceOperations,
  CoreOperationName | ClaimedOperation<D>
> &
  Partial<Pick<InstanceOperations, FreeOperationName>> & {
    readonly [O in Exclude<GovernedOperation, ClaimedOperation<D>>]?: never;
  };

/** The operations as the dispatcher sees them: narrow with a look before the call. */
export type AnyOperations = Pick<InstanceOperations, CoreOperationName> & Partial<InstanceOperations>;

type AnyChangeOperation = (
  ctx: OperationContext,
  target: Target,
  params: never,
) => Promise<ChangeResult | StatelessResult>;

/** Operations that change one target where it is. */
export type ChangeOperationName = {
  [O in InstanceOperationName]: InstanceOperations[O] extends AnyChangeOperation ? O : never;
}[InstanceOperationName];

type ParamsOf<Operation> = Operation extends ChangeOperation<infer Params, infer _Result> ? Params : never;

/** A change that is asked for: its operation, with the parameters of that operation. */
export type AskedChange = {
  [O in ChangeOperationName]: { readonly operation: O; readonly params: ParamsOf<InstanceOperations[O]> };
}[ChangeOperationName];

/** One host, opened. It holds connections and sessions, and no state of instances. */
export interface VirtHost<Operations = AnyOperations> {
  readonly operations: Operations;
  /**
   * Finds an instance by name or backend id.
   *
   * @throws ComputeError INSTANCE_NOT_FOUND, AMBIGUOUS (details.candidates), BACKEND_*
   */
  resolve(ctx: CallContext, reference: string): Promise<Target>;
  /**
   * The key for something that cannot be looked up now, or is not there yet: an instance that is spawned, an image. It is equal
   * for every host of the configuration that is the same place. That of an instance which is there is replaced by its true key before the first device write.
   */
  provisionalKey(reference: string): TargetKey;
  /** What an operation would do now; empty when the asked state is there. Nothing is changed. */
  plan(ctx: CallContext, change: AskedChange, target: Target): Promise<PlannedStep[]>;
  /**
   * Reads the true state of an operation begun by an earlier attempt, by its checkpoints. It sends nothing that changes
   * the device, except to end what the operation itself left (a finished job).
   *
   * An operation that promises an answer beside the state (`snapshot`) tells it here too.
   */
  reconcile(ctx: OperationContext, change: AskedChange, target: Target): Promise<Reconciliation>;
  /**
   * What of the declared features this host lacks at present, each with its reason: a licence, a version, a mode. Without it
   * a host that answers has all of them.
   *
   * @throws ComputeError BACKEND_*
   */
  readonly lacking?: (ctx: CallContext) => Promise<ReadonlyMap<VirtFeatureId, string>>;
  /** Allows the next logon after a refused one; false when none was refused. */
  rearm(): Promise<boolean>;
  /** Gives back what is held (sessions are logged off). */
  close(): Promise<void>;
}

/** What a driver gets from its surroundings. */
export interface DriverPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly breakers: BreakerStore;
  /** Null or missing: guests cannot read seeds over HTTP, since the configuration has no `seed`. */
  readonly seeds?: Seeds | null;
  /** Null or missing: consoles have no address here, since the service does not serve HTTP. */
  readonly consoles?: ConsoleOffers | null;
  /** Where drivers get images from; missing where nothing is fetched. */
  readonly images?: Images | undefined;
  /**
   * Told of a state that an instance has come to, whoever brought it there, by drivers whose backend says so by itself. Never fails,
   * never waits; absent where nobody wants to know.
   */
  readonly onState?: (seen: SeenInstance) => void;
}

/** An instance whose state has changed. */
export interface SeenInstance {
  readonly name: string;
  readonly state: ObservedState;
}

/** A kind of host. */
export interface VirtDriver<D extends ComputeDeclaration = ComputeDeclaration, Settings extends z.ZodType = z.ZodType> {
  /** Stable name, as in the configuration: "hmc-dpm". */
  readonly name: string;
  readonly title: string;
  readonly features: D;
  /** Schema of a host's settings in the configuration; unknown keys are refused. */
  readonly settings: Settings;
  /** What changing methods may touch when the host's `manage` is silent. */
  readonly managesByDefault: 'nothing' | 'everything';
  /** Opens a host. No traffic yet. */
  open(name: string, settings: z.output<Settings>, ports: DriverPorts): VirtHost<OperationsOf<D>>;
}

/** A driver with its types checked against its declaration, in the form the registry keeps. */
export interface AnyVirtDriver extends Omit<VirtDriver, 'open'> {
  open(name: string, settings: unknown, ports: DriverPorts): VirtHost;
}

/** Checks a driver against its own declaration, at compile time, and its settings, at run time. */
export function defineVirtDriver<const D extends ComputeDeclaration, Settings extends z.ZodType>(
  driver: VirtDriver<D, Settings>,
): AnyVirtDriver {
  return {
    ...driver,
    open: (name, settings, ports) => driver.open(name, driver.settings.parse(settings), ports),
  };
}
