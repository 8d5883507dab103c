import { ComputeError, toComputeError, type Effect } from '../../common/errors/index.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import {
  createdOf,
  type MethodName,
  type MethodParams,
  type OperationContext,
  type Reconciliation,
  type Target,
} from '../contract/index.js';
import { instanceState } from './answers.js';
import { byName, carriedOut, driverChange, routeOn, within, type OpenHost } from './host-route.js';
import type { ChangeRoute } from './route.js';

/**
 * Binds `compute.spawn` to a host. What is not there yet has no key of its own, so it goes by the key of its name: requests
 * for one name wait for each other, and the second finds what the first has made.
 *
 * @param requestedBy for whom the instance is ours
 */
export function spawnRoute(
  open: OpenHost,
  method: MethodName,
  request: MethodParams<'compute.spawn'>,
  requestedBy: string,
  instances: InstanceStore,
): ChangeRoute {
  const { plan, run, reconcile } = carriedOut(open, driverChange(open, method, 'spawn', request));
  const place = { driver: open.driver.name };
  const { name } = request;
  const key = open.host.provisionalKey(name);

  const own = async (ctx: OperationContext, made: Target): Promise<Target> => {
    const identity = { target: made.key, id: made.id, name: made.name };
    const instance = { ...identity, host: open.name, origin: 'spawned', ownedBy: requestedBy } as const;
    await instances.own(instance, ctx, ctx.clock.now());
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

  return {
    ...routeOn(open, name),
    ...byName(key, name),
    permit: (_ctx, target) => within(place, async () => open.rails.check(target, 'spawn')),
    mayBegin: () => refuseDisabled(open, instances),
    plan,
    async run(ctx, target) {
      try {
        const result = await run(ctx, target);
        return { ...result, answer: { ...result.answer, ...(await done(ctx)) } };
      } catch (error) {
        await undone(ctx, toComputeError(error).outcome);
        throw error;
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
