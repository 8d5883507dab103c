import type { OperationId, TargetKey } from '../../common/ids.js';
import type {
  CallContext,
  Checkpoint,
  ChangeResult,
  ControlAnswer,
  OperationContext,
  PlannedStep,
  Reconciliation,
  Target,
} from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';

/** How carrying a request out ended; a failure is thrown. */
export interface RouteResult extends Pick<ChangeResult, 'outcome'> {
  /** Absent where the request is not about one instance, null where the instance is gone. */
  readonly state?: ObservedState | null;
  /** What the answer says besides. */
  readonly answer?: Answer;
}

/** An answer to a caller, or a part of one: plain data that JSON holds. */
export type Answer = object;

/** A changing request, bound to the driver that carries it out. Making one causes no traffic. */
export interface ChangeRoute {
  readonly driver: string;
  /** Name of the host; null for machines given by power type. */
  readonly host: string | null;
  /** Instance or machine, as the caller named it. */
  readonly name: string;
  /** Does it only wait for operations of its own? */
  readonly isParent: boolean;
  /** The hosts that it changes: none of them may be in maintenance. */
  readonly hosts: readonly string[];
  /** Is it refused while its target cannot be looked up? Several targets are locked in an order that needs all of them. */
  readonly needsTarget?: boolean;
  /** Where the instance is afterwards, when that is another host. */
  readonly endsAt?: string;
  /** @param left what earlier attempts of the operation have left: what they ended need not be there any more */
  resolve(ctx: CallContext, left?: readonly Checkpoint[]): Promise<Target>;
  provisionalKey(): TargetKey;
  /** @throws ComputeError FORBIDDEN when the configuration keeps this target from being changed */
  permit(ctx: CallContext, target: Target): Promise<void>;
  /** @throws ComputeError STATE_CONFLICT when it may not begin now; what has begun goes on */
  readonly mayBegin?: (ctx: CallContext) => Promise<void>;
  plan(ctx: CallContext, target: Target): Promise<PlannedStep[]>;
  run(ctx: OperationContext, target: Target): Promise<RouteResult>;
  reconcile(ctx: OperationContext, target: Target): Promise<Reconciliation>;
  /** Ends what it has begun, on request, and tells what came of it; undefined while that is not known. */
  readonly abort?: (ctx: OperationContext, target: Target) => Promise<Reconciliation | undefined>;
  /** Makes what runs come to its end, with the context of `run`. */
  readonly forceComplete?: (ctx: OperationContext, target: Target) => Promise<ControlAnswer>;
  /** The state part of the answer, in the words of the method's namespace. */
  describe(state: ObservedState): Answer;
}

/** The hosts that must not be in maintenance for it; a part of an operation on its host goes on in the host's maintenance. */
export function openHosts({ hosts, host }: ChangeRoute, parentId: OperationId | null): readonly string[] {
  return parentId === null ? hosts : hosts.filter((name) => name !== host);
}

/** A reading request, bound to the driver that carries it out. */
export interface ReadRoute {
  readonly driver: string;
  /** Name of the host; null for machines given by power type. */
  readonly host: string | null;
  /** Of the registered machine that is asked. */
  readonly revision?: number;
  read(ctx: CallContext): Promise<Answer>;
}
