import { ComputeError } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import type {
  Answering,
  CallContext,
  ChangeOperationName,
  ChangeResult,
  StatelessResult,
  OperationWork,
} from '../../compute/contract/index.js';
import type { InstancePowerState, Transition } from '../../compute/state/power-state.js';
import type { FakeInstance, FakeSubject } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';

/** One way to change an instance that is there. What differs from one operation to the next; {@link instanceWork} is the rest. */
export interface FakeChange<Params, Answer extends object = object, Found = void> {
  /** For people: "pausing web01". */
  readonly doing: (instance: FakeInstance, params: Params) => string;
  /** Refuses what this host can never do, before anything is looked at. @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
  readonly admit?: (params: Params) => void;
  /** Is what was asked for there already? */
  readonly isSo: (instance: FakeInstance, params: Params) => boolean;
  /** Refuses what cannot be done now, and finds what it takes. @throws ComputeError STATE_CONFLICT, … */
  readonly check: (ctx: CallContext, instance: FakeInstance, params: Params) => Found | Promise<Found>;
  /** What the instance shows meanwhile. */
  readonly transition?: Transition;
  /** What happens as soon as the request has come; by now it may have to be refused. */
  readonly begin?: (instance: FakeInstance, params: Params) => void;
  /** What happens once its time has passed; it cannot fail. */
  readonly apply: (instance: FakeInstance, params: Params, found: Found, now: number) => void;
  /** What callers are told beside the state. */
  readonly answer?: (instance: FakeInstance, params: Params) => Answer;
}

/**
 * Carries a change of an instance out: asks whether it is so, refuses, begins its one step, and waits for the end.
 *
 * An instance remembers whose request reached it last. So an operation that is carried out once more after a crash is told
 * from one that never came, and nothing is done twice: what has had its effect is `done` without another request.
 */
export function instanceWork<Params extends object, Answer extends object = object, Found = void>(
  site: FakeSite,
  operation: ChangeOperationName,
  change: FakeChange<Params, Answer, Found>,
): OperationWork<Params, Answering<ChangeResult, Answer>> {
  const ended = (
    ctx: CallContext,
    outcome: ChangeResult['outcome'],
    instance: FakeInstance,
    params: Params,
  ): Answering<ChangeResult, Answer> => ({
    outcome,
    state: site.observe(instance, ctx.clock.now()),
    answer: change.answer?.(instance, params) ?? ({} as Answer),
  });
  return {
    async run(ctx, { id }, params) {
      change.admit?.(params);
      const instance = site.find(id);
      refuseWhileChanging(instance);
      if (hasEnded(instance, ctx.operationId)) return ended(ctx, 'done', instance, params);
      if (change.isSo(instance, params)) return ended(ctx, 'already', instance, params);
      const found = await change.check(ctx, instance, params);
      await site.change(ctx, {
        operation,
        name: instance.name,
        subject: instance,
        doing: change.doing(instance, params),
        begin: () => {
          change.begin?.(instance, params);
          instance.transition = change.transition ?? null;
        },
        apply: () => {
          instance.transition = null;
          change.apply(instance, params, found, ctx.clock.now());
        },
      });
      return ended(ctx, 'done', instance, params);
    },
    async plan(ctx, { id }, params) {
      change.admit?.(params);
      await site.read(ctx, 'plan', id);
      const instance = site.find(id);
      if (change.isSo(instance, params)) return [];
      await change.check(ctx, instance, params);
      return [{ action: operation, description: change.doing(instance, params) }];
    },
    async reconcile(ctx, { id }, params) {
      await site.read(ctx, 'reconcile', id);
      const instance = site.find(id);
      refuseWhileChanging(instance);
      // The state alone does not tell: a reboot ends where it began.
      if (!hasEnded(instance, ctx.operationId)) return { verdict: 'continue' };
      return { verdict: 'concluded', result: ended(ctx, 'done', instance, params) };
    },
  };
}

/** One way to end something of a host. What differs from one operation to the next; {@link removalWork} is the rest. */
interface FakeRemoval<Subject> {
  readonly find: (id: string) => Subject | undefined;
  /** For people: "removing web01". */
  readonly doing: (subject: Subject) => string;
  /** Refuses what must stay now. @throws ComputeError STATE_CONFLICT */
  readonly check?: (subject: Subject) => void;
  readonly remove: (subject: Subject) => void;
}

/** Carries out what leaves nothing to tell the state of: what is gone is gone, whoever removed it. */
export function removalWork<Subject extends FakeSubject & { readonly name: string }>(
  site: FakeSite,
  operation: ChangeOperationName,
  { find, doing, check, remove }: FakeRemoval<Subject>,
): OperationWork<object, StatelessResult> {
  return {
    async run(ctx, { id }) {
      const subject = find(id);
      if (subject === undefined) return { outcome: 'already', state: null };
      refuseWhileChanging(subject);
      check?.(subject);
      const { name } = subject;
      await site.change(ctx, { operation, name, subject, doing: doing(subject), apply: () => remove(subject) });
      return { outcome: 'done', state: null };
    },
    async plan(ctx, { id }) {
      await site.read(ctx, 'plan', id);
      const subject = find(id);
      if (subject === undefined) return [];
      check?.(subject);
      return [{ action: operation, description: doing(subject) }];
    },
    async reconcile(ctx, { id }) {
      await site.read(ctx, 'reconcile', id);
      const subject = find(id);
      if (subject === undefined) return { verdict: 'concluded', result: { outcome: 'done', state: null } };
      refuseWhileChanging(subject);
      return { verdict: 'continue' };
    },
  };
}

/** Has the request of this operation come, and had its effect? */
export function hasEnded({ changedBy, isChanging }: FakeSubject, operationId: OperationId): boolean {
  return changedBy === operationId && !isChanging;
}

/** @throws ComputeError BACKEND_BUSY while a request has not had its effect yet */
export function refuseWhileChanging(subject: FakeSubject & { readonly name: string }): void {
  if (subject.isChanging) throw new ComputeError('BACKEND_BUSY', `${subject.name} is being changed`);
}

/** @throws ComputeError STATE_CONFLICT when the instance is in none of these states */
export function requireState(instance: FakeInstance, states: readonly InstancePowerState[]): void {
  if (states.includes(instance.state)) return;
  throw new ComputeError('STATE_CONFLICT', `${instance.name} is ${instance.state}, not ${states.join(' or ')}`);
}
