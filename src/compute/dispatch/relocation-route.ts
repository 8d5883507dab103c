import { ComputeError } from '../../common/errors/index.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import type { MethodName, OperationContext, Reconciliation, Relocation, Target } from '../contract/index.js';
import { instanceState } from './answers.js';
import { routeOn, targetPlace, unsupported, within, type OpenHost } from './host-route.js';
import type { ChangeRoute } from './route.js';
import { refuseDisabled } from './spawn-route.js';

/** Binds a method that takes an instance to another host. @throws ComputeError FEATURE_UNSUPPORTED, REQUEST_INVALID */
export function relocationRoute(
  open: OpenHost,
  to: OpenHost,
  method: MethodName,
  operation: 'liveMigrate' | 'evacuate',
  reference: string,
  instances: InstanceStore,
): ChangeRoute {
  const relocation = relocationOf(open, to, method, operation);
  const { abort } = relocation;
  const force = operation === 'liveMigrate' ? open.host.operations.liveMigrationForceComplete : undefined;
  const place = { driver: open.driver.name };
  const destination = to.name;
  /** What was ours is ours where it is now. */
  const moved = async (ctx: OperationContext, { key, also: [there] = [] }: Target): Promise<void> => {
    if (there !== undefined) await instances.move(key, { target: there, host: destination }, ctx);
  };
  /** The same where it is only found out that it has moved. */
  const found = async <R extends Reconciliation | undefined>(
    ctx: OperationContext,
    target: Target,
    reconciliation: R,
  ): Promise<R> => {
    if (reconciliation?.verdict === 'concluded') await moved(ctx, target);
    return reconciliation;
  };
  return {
    ...routeOn(open, reference),
    hosts: [open.name, destination],
    needsTarget: true,
    endsAt: destination,
    resolve: (ctx) => within(place, () => relocation.resolve(ctx, reference, destination)),
    provisionalKey: () => open.host.provisionalKey(reference),
    permit: (_ctx, target) =>
      within(place, async () => {
        open.rails.check(target, operation);
        to.rails.check(target, operation);
      }),
    plan: (ctx, target) => within(targetPlace(place, target), () => relocation.plan(ctx, target, destination)),
    mayBegin: () => refuseDisabled(to, instances),
    run: (ctx, target) =>
      within(targetPlace(place, target), async () => {
        const result = await relocation.run(ctx, target, destination);
        await moved(ctx, target);
        return result;
      }),
    reconcile: (ctx, target) =>
      within(targetPlace(place, target), async () =>
        found(ctx, target, await relocation.reconcile(ctx, target, destination)),
      ),
    ...(abort && {
      abort: (ctx, target) =>
        within(targetPlace(place, target), async () => found(ctx, target, await abort(ctx, target, destination))),
    }),
    ...(force && { forceComplete: (ctx, target) => within(targetPlace(place, target), () => force(ctx, target)) }),
    describe: (state) => ({ host: destination, ...instanceState(state) }),
  };
}

/** How a host moves instances to another one. @throws ComputeError FEATURE_UNSUPPORTED, REQUEST_INVALID */
export function relocationOf(
  open: OpenHost,
  to: OpenHost,
  method: MethodName,
  operation: 'liveMigrate' | 'evacuate',
): Relocation {
  const relocation = open.host.operations[operation];
  if (relocation === undefined) throw unsupported(open, method, operation);
  if (to.name === open.name) throw new ComputeError('REQUEST_INVALID', 'destination: it is the host itself');
  if (to.driver.name !== open.driver.name) {
    throw new ComputeError(
      'REQUEST_INVALID',
      `destination: ${to.name} is a host of driver ${to.driver.name}; instances of ${open.name} can only move to hosts of ${open.driver.name}`,
    );
  }
  return relocation;
}
