import type { CallContext, OperationContext } from './context.js';
import type { ChangeOperation, ChangeResult, StatelessResult } from './operations/change.js';
import type { PowerChangeName, PowerMachine, PowerVerbs } from './power-type.js';
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

/** The works of a machine of a power type, by verb. */
export type VerbWorks<V extends PowerChangeName> = {
  readonly [Name in V]: OperationWork<Parameters<PowerVerbs[Name]>[2], ChangeResult>;
};

/** What a machine offers of these works: its verbs, and the two questions about them. */
export interface OfferedVerbs<V extends PowerChangeName> extends Pick<PowerMachine, 'plan' | 'reconcile'> {
  readonly verbs: { readonly [Name in V]: VerbWorks<V>[Name]['run'] };
}

/** Offers works as a `PowerMachine` does. What is asked for has been found among `verbs` before it comes here. */
export function offerVerbs<V extends PowerChangeName>(works: VerbWorks<V>): OfferedVerbs<V> {
  const entries = Object.entries(works) as [V, AnyWork][];
  // The parameters of a verb are those of its work, as its method's schema has checked them.
  const workOf = (verb: PowerChangeName) => works[verb as V] as unknown as OperationWork<object, ChangeResult>;
  return {
    verbs: Object.fromEntries(entries.map(([verb, { run }]) => [verb, run])) as OfferedVerbs<V>['verbs'],
    plan: async (ctx, verb, target, params) => await workOf(verb).plan(ctx, target, params),
    reconcile: async (ctx, verb, target, params) => await workOf(verb).reconcile(ctx, target, params),
  };
}
