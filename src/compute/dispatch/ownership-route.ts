import { z } from 'zod';
import { ComputeError, toComputeError } from '../../common/errors/index.js';
import type { TargetKey } from '../../common/ids.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import {
  INSTANCE_ORIGINS,
  type CallContext,
  type Checkpoint,
  type MethodName,
  type OperationContext,
  type Target,
} from '../contract/index.js';
import { instanceState } from './answers.js';
import type { Destination } from './destination.js';
import { carriedOut, driverChange, routeOn, unsupported, within, type OpenHost } from './host-route.js';
import type { ChangeRoute, RouteResult } from './route.js';

/** What is written down of a target before it is ended or given away: afterwards nobody else knows it. */
const OWNED_CHECKPOINT = 'owned';
const OwnedSchema = z.object({ key: z.string(), id: z.string(), name: z.string(), origin: z.enum(INSTANCE_ORIGINS) });

/** Binds `compute.destroy` to an instance that is ours; any other one is FORBIDDEN. */
export function destroyRoute(
  open: OpenHost,
  method: MethodName,
  request: Destination,
  instances: InstanceStore,
): ChangeRoute {
  const { plan, run, reconcile } = carriedOut(open, driverChange(open, method, 'destroy', request));
  const route = ownershipRoute(open, 'destroy', request, instances);
  return {
    ...route,
    permit: async (ctx, target) => {
      await route.permit(ctx, target);
      if (target.origin === undefined) throw notOwned(open, target);
    },
    plan,
    async run(ctx, target) {
      const ours = await noted(ctx, target, instances);
      if (ours === undefined) throw notOwned(open, target);
      const result = await run(ctx, ours);
      await instances.disown(target.key, ctx);
      return result;
    },
    async reconcile(ctx, target) {
      const found = await reconcile(ctx, notedIn(ctx.checkpoints) ?? target);
      if (found.verdict === 'concluded') await instances.disown(target.key, ctx);
      return found;
    },
    describe: () => ({}),
  };
}

/** Binds `compute.adopt` to an instance. One that is ours already stays as it is. */
export function adoptRoute(
  open: OpenHost,
  method: MethodName,
  request: Destination,
  requestedBy: string,
  instances: InstanceStore,
): ChangeRoute {
  const { plan, run, reconcile } = carriedOut(open, driverChange(open, method, 'adopt', request));
  const own = async (ctx: OperationContext, target: Target): Promise<object> => {
    const { key, id, name } = target;
    const instance = { target: key, id, name, host: open.name, origin: 'adopted', ownedBy: requestedBy } as const;
    await instances.own(instance, ctx, ctx.clock.now());
    return { name, id };
  };
  return {
    ...ownershipRoute(open, 'adopt', request, instances),
    plan: async (ctx, target) =>
      target.origin === undefined
        ? [...(await plan(ctx, target)), { action: 'adopt', description: `writing down that ${target.name} is ours` }]
        : [],
    async run(ctx, target) {
      if ((await instances.find(target.key)) !== undefined) {
        return { outcome: 'already', answer: { name: target.name, id: target.id } };
      }
      const { state = null } = await run(ctx, target);
      return { outcome: 'done', state, answer: await own(ctx, target) };
    },
    async reconcile(ctx, target) {
      const found = await reconcile(ctx, target);
      if (found.verdict !== 'concluded') return found;
      return { ...found, result: { ...found.result, answer: await own(ctx, target) } };
    },
  };
}

/** Binds `compute.release` to an instance. One that is not ours stays as it is. */
export function releaseRoute(
  open: OpenHost,
  method: MethodName,
  request: Destination,
  instances: InstanceStore,
): ChangeRoute {
  const { spawn, adopt, release } = open.host.operations;
  // Where nothing can become ours, nothing can be given away.
  if (spawn === undefined && adopt === undefined) throw unsupported(open, method, 'release');
  const driven = release === undefined ? undefined : carriedOut(open, driverChange(open, method, 'release', request));
  const letGo = async (ctx: OperationContext, target: Target, state: RouteResult['state']): Promise<RouteResult> => {
    await instances.disown(target.key, ctx);
    return { outcome: 'done', ...(state === undefined ? {} : { state }), answer: { name: target.name, id: target.id } };
  };
  return {
    ...ownershipRoute(open, 'release', request, instances),
    plan: async (ctx, target) =>
      target.origin === undefined
        ? []
        : [
            ...((await driven?.plan(ctx, target)) ?? []),
            { action: 'release', description: `writing down that ${target.name} is no longer ours` },
          ],
    async run(ctx, target) {
      const ours = await noted(ctx, target, instances);
      if (ours === undefined) return { outcome: 'already', answer: { name: target.name, id: target.id } };
      const result = await unlessGone(async () => await driven?.run(ctx, ours));
      return letGo(ctx, ours, result?.state);
    },
    // Taking a mark away once more does no harm.
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
  };
}

/**
 * What these have in common. They take the name of the instance as well as the instance, so that none of them runs beside a
 * `spawn` of that name.
 */
function ownershipRoute(
  open: OpenHost,
  operation: 'destroy' | 'adopt' | 'release',
  { instance: reference = '' }: Destination,
  instances: InstanceStore,
): Omit<ChangeRoute, 'plan' | 'run' | 'reconcile'> {
  const place = { driver: open.driver.name };
  const withName = (target: Target): Target => {
    const key = open.host.provisionalKey(target.name);
    return key === target.key ? target : { ...target, also: [key] };
  };
  const resolve = async (ctx: CallContext, left: readonly Checkpoint[] = []): Promise<Target> => {
    const before = notedIn(left);
    if (before !== undefined) return withName(before);
    try {
      const there = await open.host.resolve(ctx, reference);
      const owned = await instances.find(there.key);
      return withName(owned === undefined ? there : { ...there, origin: owned.origin });
    } catch (error) {
      if (operation === 'adopt' || toComputeError(error).code !== 'INSTANCE_NOT_FOUND') throw error;
      const owned = await instances.findByReference(open.name, reference);
      if (owned === undefined) throw error;
      // It went away without us: there is something left to be tidied up.
      return withName({ key: owned.target, id: owned.id, name: owned.name, origin: owned.origin });
    }
  };
  return {
    ...routeOn(open, reference),
    needsTarget: true,
    resolve: (ctx, left) => within(place, () => resolve(ctx, left)),
    provisionalKey: () => open.host.provisionalKey(reference),
    permit: (_ctx, target) => within(place, async () => open.rails.check(target, operation)),
    describe: instanceState,
  };
}

/**
 * The target, written down with how it came into our hands; undefined when it is not ours. It may have become so, or have
 * ceased to be, while the operation waited for its turn.
 */
async function noted(ctx: OperationContext, target: Target, instances: InstanceStore): Promise<Target | undefined> {
  const before = notedIn(ctx.checkpoints);
  if (before !== undefined) return before;
  const owned = await instances.find(target.key);
  if (owned === undefined) return undefined;
  const { key, id, name } = target;
  await ctx.checkpoint(OWNED_CHECKPOINT, { key, id, name, origin: owned.origin });
  return { ...target, origin: owned.origin };
}

function notedIn(checkpoints: readonly Checkpoint[]): Target | undefined {
  const noted = checkpoints.find(({ name }) => name === OWNED_CHECKPOINT);
  if (noted === undefined) return undefined;
  const { key, ...target } = OwnedSchema.parse(noted.data);
  return { ...target, key: key as TargetKey };
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const cause = toComputeError(error);
    if (cause.code === 'INSTANCE_NOT_FOUND') return undefined;
    throw cause;
  }
}

/** The refusal of what destroys, for an instance that is not ours. */
export function notOwned({ name: host }: OpenHost, { key, name }: Target): ComputeError {
  return new ComputeError(
    'FORBIDDEN',
    `${name} was neither spawned nor adopted by this service, which destroys and rebuilds nothing else; compute.adopt takes it over`,
    { target: key, details: { reason: 'not_owned', host } },
  );
}
