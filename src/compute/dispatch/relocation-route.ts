import { ComputeError } from '../../common/errors/index.js';
import type { Relocation, MethodName } from '../contract/index.js';
import { instanceState } from './answers.js';
import { targetPlace, unsupported, within, type OpenHost } from './host-route.js';
import type { ChangeRoute } from './route.js';

/** Binds a method that takes an instance to another host. @throws ComputeError FEATURE_UNSUPPORTED, REQUEST_INVALID */
export function relocationRoute(
  open: OpenHost,
  to: OpenHost,
  method: MethodName,
  operation: 'liveMigrate' | 'evacuate',
  reference: string,
): ChangeRoute {
  const relocation = relocationOf(open, to, method, operation);
  const { abort } = relocation;
  const force = operation === 'liveMigrate' ? open.host.operations.liveMigrationForceComplete : undefined;
  const place = { driver: open.driver.name };
  const destination = to.name;
  return {
    driver: open.driver.name,
    host: open.name,
    name: reference,
    isParent: false,
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
    run: (ctx, target) => within(targetPlace(place, target), () => relocation.run(ctx, target, destination)),
    reconcile: (ctx, target) =>
      within(targetPlace(place, target), () => relocation.reconcile(ctx, target, destination)),
    ...(abort && {
      abort: (ctx, target) => within(targetPlace(place, target), () => abort(ctx, target, destination)),
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
