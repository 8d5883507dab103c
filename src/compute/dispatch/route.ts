import type { TargetKey } from '../../common/ids.js';
import type {
  CallContext,
  ChangeResult,
  OperationContext,
  PlannedStep,
  Reconciliation,
  Target,
} from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';

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
  resolve(ctx: CallContext): Promise<Target>;
  provisionalKey(): TargetKey;
  /** @throws ComputeError FORBIDDEN when the configuration keeps this target from being changed */
  permit(ctx: CallContext, target: Target): Promise<void>;
  plan(ctx: CallContext, target: Target): Promise<PlannedStep[]>;
  run(ctx: OperationContext, target: Target): Promise<ChangeResult>;
  reconcile(ctx: OperationContext, target: Target): Promise<Reconciliation>;
  /** The state part of the answer, in the words of the method's namespace. */
  describe(state: ObservedState): Answer;
}

/** A reading request, bound to the driver that carries it out. */
export interface ReadRoute {
  read(ctx: CallContext): Promise<Answer>;
}
