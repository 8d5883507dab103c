import type { JsonValue } from '../../common/errors/index.js';
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

/** A changing request, bound to the driver that carries it out. Making one causes no traffic. */
export interface ChangeRoute {
  readonly driver: string;
  /** Name of the host; null for machines given by power type. */
  readonly host: string | null;
  /** Instance or machine, as the caller named it. */
  readonly name: string;
  resolve(ctx: CallContext): Promise<Target>;
  provisionalKey(): TargetKey;
  /** @throws ComputeError FORBIDDEN when the configuration keeps this target from being changed */
  permit(target: Target): void;
  plan(ctx: CallContext, target: Target): Promise<PlannedStep[]>;
  run(ctx: OperationContext, target: Target): Promise<ChangeResult>;
  reconcile(ctx: OperationContext, target: Target): Promise<Reconciliation>;
  /** The state part of the answer, in the words of the method's namespace. */
  describe(state: ObservedState): Record<string, JsonValue>;
}

/** A reading request, bound to the driver that carries it out. */
export interface ReadRoute {
  read(ctx: CallContext): Promise<JsonValue>;
}
