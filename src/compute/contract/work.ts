import type { CallContext, OperationContext } from './context.js';
import type { ChangeOperation, ChangeResult, StatelessResult } from './operations/change.js';
import type { PlannedStep, Reconciliation } from './reconciliation.js';
import type { Target } from './target.js';
import type { AskedChange, ChangeOperationName, InstanceOperations } from './virt-driver.js';

/** What an operation is given of its request. */
export type ChangeParams<O extends ChangeOperationName> = Extract<AskedChange, { readonly operation: O }>['params'];

/** How a host carries one operation out, tells what it would do, and looks after what an earlier attempt has left. */
export interface OperationWork<Params, Result extends ChangeResult | StatelessResult> {
  readonly run: ChangeOperation<Params, Result>;
  /** As `VirtHost.plan`. */
  readonly plan: (ctx: CallContext, target: Target, params: Params) => Promise<PlannedStep[]>;
  /** As `VirtHost.reconcile`. */
  readonly reconcile: (ctx: OperationContext, target: Target, params: Params) => Promise<Reconciliation>;
}

type AnyWork = OperationWork<never, ChangeResult | StatelessResult>;
type ResultOf<O extends ChangeOperationName> = Awaited<ReturnType<InstanceOperations[O]>>;
/** The works of a host, by operation. */
export type OperationWorks<O extends ChangeOperationName> = {
  readonly [Name in O]: OperationWork<ChangeParams<Name>, ResultOf<Name>>;
};

/** What a host offers of these works: its operations, and the two questions about them. */
export interface OfferedWorks<O extends ChangeOperationName> {
  readonly operations: { readonly [Name in O]: OperationWorks<O>[Name]['run'] };
  readonly plan: (ctx: CallContext, asked: AskedChange, target: Target) => Promise<PlannedStep[]>;
  readonly reconcile: (ctx: OperationContext, asked: AskedChange, target: Target) => Promise<Reconciliation>;
}

/** Offers works as a `VirtHost` does. What is asked for has been found among `operations` before it comes here. */
export function offerWorks<O extends ChangeOperationName>(works: OperationWorks<O>): OfferedWorks<O> {
  const entries = Object.entries(works) as [O, AnyWork][];
  // The parameters of a change are those of its work, which only this line has to believe.
  const workOf = ({ operation }: AskedChange) =>
    works[operation as O] as unknown as OperationWork<AskedChange['params'], ChangeResult | StatelessResult>;
  return {
    operations: Object.fromEntries(
      entries.map(([operation, { run }]) => [operation, run]),
    ) as OfferedWorks<O>['operations'],
    plan: async (ctx, asked, target) => await workOf(asked).plan(ctx, target, asked.params),
    reconcile: async (ctx, asked, target) => await workOf(asked).reconcile(ctx, target, asked.params),
  };
}
