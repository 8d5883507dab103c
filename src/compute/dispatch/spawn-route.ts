import { ComputeError, toComputeError, type Effect, type JsonValue } from '../../common/errors/index.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import {
  createdOf,
  type CallContext,
  type MethodName,
  type MethodParams,
  type OperationContext,
  type Reconciliation,
  type Target,
} from '../contract/index.js';
import { instanceState } from './answers.js';
import { byName, carriedOut, driverChange, routeOn, within, type OpenHost } from './host-route.js';
import type { FirstTold } from './made-with.js';
import type { ChangeRoute } from './route.js';

/**
 * Binds `compute.spawn` to a host. What is not there yet has no key of its own, so it goes by the key of its name: requests
 * for one name wait for each other, and the second finds what the first has made.
 *
 * @param requestedBy for whom the instance is ours
 * @param told what is kept of what it is made with
 */
export function spawnRoute(
  open: OpenHost,
  method: MethodName,
  request: MethodParams<'compute.spawn'>,
  requestedBy: string,
  { instances, told }: { readonly instances: InstanceStore; readonly told: FirstTold },
): ChangeRoute {
  const { plan, run, reconcile } = carriedOut(open, driverChange(open, method, 'spawn', request));
  const driver = open.driver.name;
  const place = { driver };
  const { name } = request;
  const key = open.host.provisionalKey(name);

  const own = async (ctx: OperationContext, made: Target): Promise<Target> => {
    const identity = { target: made.key, id: made.id, name: made.name };
    const instance = { ...identity, host: open.name, origin: 'spawned', ownedBy: requestedBy } as const;
    const madeWith = told.of(request, driver);
    await instances.own({ ...instance, madeWith }, ctx, ctx.clock.now());
    return made;
  };
  const done = async (ctx: OperationContext): Promise<object> => {
    const made = createdOf(ctx.checkpoints) ?? (await open.host.resolve(ctx, name));
    const { id } = await own(ctx, made);
    return { name: made.name, id };
  };
  /** Is it there although its driver says that nothing is left of it? Most errors say so unless they are told otherwise. */
  const isThere = ({ key: madeKey, id }: Target, ctx: OperationContext): Promise<boolean> =>
    open.host.resolve(ctx, id).then(
      (found) => found.key === madeKey,
      // Whoever cannot be asked has not said that it is gone.
      (error: unknown) => toComputeError(error).code !== 'INSTANCE_NOT_FOUND',
    );
  /** What stays of one that did not come to its end is ours too, or nobody could remove it. */
  const undone = async (ctx: OperationContext, effect: Effect): Promise<void> => {
    const made = createdOf(ctx.checkpoints);
    if (made === undefined) return;
    if (effect === 'not-applied' && !(await isThere(made, ctx))) await instances.disown(made.key, ctx);
    else await own(ctx, made);
  };
  /** Whose the instance is that has the name, when it is there, and in what it was made otherwise than is asked for. */
  const ofTaken = async (ctx: CallContext): Promise<Record<string, JsonValue> | undefined> => {
    const there = await open.host.resolve(ctx, name).catch(() => undefined);
    if (there?.name !== name) return undefined;
    const owned = await instances.find(there.key);
    const { origin = null, madeWith } = owned ?? {};
    const changed = madeWith === undefined ? null : told.changes(request, driver, madeWith);
    return { id: there.id, origin, changed };
  };
  const explained = async (ctx: CallContext, error: unknown): Promise<ComputeError> => {
    const cause = toComputeError(error);
    return cause.code === 'ALREADY_EXISTS' ? cause.within({ details: (await ofTaken(ctx)) ?? {} }) : cause;
  };

  return {
    ...routeOn(open, name),
    ...byName(key, name),
    permit: (_ctx, target) => within(place, async () => open.rails.check(target, 'spawn')),
    // A host that takes nothing new keeps what it has, which may be just what was asked for.
    mayBegin: (ctx) =>
      refuseDisabled(open, instances).catch(async (error: unknown) => {
        throw toComputeError(error).within({ details: (await ofTaken(ctx)) ?? {} });
      }),
    plan: (ctx, target) =>
      plan(ctx, target).catch(async (error: unknown) => {
        throw await explained(ctx, error);
      }),
    async run(ctx, target) {
      try {
        const result = await run(ctx, target);
        return { ...result, answer: { ...result.answer, ...(await done(ctx)) } };
      } catch (error) {
        await undone(ctx, toComputeError(error).outcome);
        throw await explained(ctx, error);
      }
    },
    async reconcile(ctx, target) {
      // Before its backend is asked, which may not answer any more while this is looked after.
      await undone(ctx, 'unknown');
      const found = await reconcile(ctx, target);
      if (found.verdict !== 'concluded') {
        await undone(ctx, effectOf(found));
        return found;
      }
      const { result } = found;
      return { ...found, result: { ...result, answer: { ...result.answer, ...(await done(ctx)) } } };
    },
    describe: instanceState,
  };
}

/** @throws ComputeError STATE_CONFLICT when a host takes no new instances */
export async function refuseDisabled({ name, driver }: OpenHost, instances: InstanceStore): Promise<void> {
  if (!(await instances.disabledHosts()).includes(name)) return;
  throw new ComputeError(
    'STATE_CONFLICT',
    `host ${name} takes no new instances; host.set_enabled with enabled true ends that`,
    { driver: driver.name, outcome: 'not-started', retry: 'safe', details: { reason: 'disabled', host: name } },
  );
}

function effectOf(found: Exclude<Reconciliation, { verdict: 'concluded' }>): Effect {
  switch (found.verdict) {
    case 'failed':
      return found.error.outcome;
    case 'stopped':
      return found.effect;
    case 'continue':
    case 'unknown':
      return 'unknown';
  }
}
