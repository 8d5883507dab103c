import type { z } from 'zod';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { FeatureClaim, VIRT_FEATURES, VirtFeatureId } from '../../features/index.js';
import type { BreakerStore } from './breaker.js';
import type { CallContext, OperationContext } from './context.js';
import type { HostOperations } from './operations/host.js';
import type { InventoryOperations } from './operations/inventory.js';
import type { LifecycleOperations } from './operations/lifecycle.js';
import type { PowerOperations, RebootOperation } from './operations/power.js';
import type { MigrationOperations } from './operations/relocation.js';
import type { PlannedStep, Reconciliation } from './reconciliation.js';
import type { Target } from './target.js';
import type { TargetKey } from '../../common/ids.js';

/** Every operation that a virt driver may have. */
export interface InstanceOperations
  extends
    PowerOperations,
    RebootOperation,
    LifecycleOperations,
    MigrationOperations,
    HostOperations,
    InventoryOperations {}
export type InstanceOperationName = keyof InstanceOperations;

/** The operations a feature governs, those that the contract does not have yet among them. */
type AnyOperationOf<F extends VirtFeatureId> = (typeof VIRT_FEATURES)[F]['operations'][number];
type OperationOf<F extends VirtFeatureId> = AnyOperationOf<F> & InstanceOperationName;

type MissingClaim = Extract<FeatureClaim, { level: 'missing' }>;

/** An answer for every feature of the catalogue. What the contract has no operation for yet can only be missing. */
export type ComputeDeclaration = {
  readonly [F in VirtFeatureId]: [Exclude<AnyOperationOf<F>, InstanceOperationName>] extends [never]
    ? FeatureClaim
    : MissingClaim;
};

type GovernedOperation = { [F in VirtFeatureId]: OperationOf<F> }[VirtFeatureId];
type ClaimedOperation<D extends ComputeDeclaration> = {
  [F in VirtFeatureId]: D[F] extends MissingClaim ? never : OperationOf<F>;
}[VirtFeatureId];

/** Exactly the operations that a declaration claims, and those that no feature governs. */
export type OperationsOf<D extends ComputeDeclaration> = Pick<
  InstanceOperations,
  Exclude<InstanceOperationName, GovernedOperation> | ClaimedOperation<D>
> & { readonly [O in Exclude<GovernedOperation, ClaimedOperation<D>>]?: never };

/** The operations as the dispatcher sees them: narrow with a look before the call. */
export type AnyOperations = Pick<InstanceOperations, Exclude<InstanceOperationName, GovernedOperation>> &
  Partial<Pick<InstanceOperations, GovernedOperation>>;

/** Operations that change an instance where it is. */
export type ChangeOperationName = Exclude<
  InstanceOperationName,
  keyof InventoryOperations | keyof MigrationOperations | keyof HostOperations | 'queryPower'
>;

/** One host, opened. It holds connections and sessions, and no state of instances. */
export interface VirtHost<Operations = AnyOperations> {
  readonly operations: Operations;
  /**
   * Finds an instance by name or backend id.
   *
   * @throws ComputeError INSTANCE_NOT_FOUND, AMBIGUOUS (details.candidates), BACKEND_*
   */
  resolve(ctx: CallContext, reference: string): Promise<Target>;
  /** The key for an instance that cannot be looked up now; it is replaced before the first device write. */
  provisionalKey(reference: string): TargetKey;
  /** What an operation would do now; empty when the asked state is there. Nothing is changed. */
  plan(ctx: CallContext, operation: ChangeOperationName, target: Target): Promise<PlannedStep[]>;
  /**
   * Reads the true state of an operation begun by an earlier attempt, by its checkpoints. It sends nothing that changes
   * the device, except to end what the operation itself left (a finished job).
   */
  reconcile(ctx: OperationContext, operation: ChangeOperationName, target: Target): Promise<Reconciliation>;
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
