import type { InstanceStore } from '../../journal/instance-store.port.js';
import type { Journal } from '../../journal/journal.port.js';
import type { MethodName, MethodParams, OperationContext, Target } from '../contract/index.js';
import { hostChangeRoute, type OpenHost } from './host-route.js';
import type { FirstTold } from './made-with.js';
import { notOwned } from './ownership-route.js';
import type { ChangeRoute } from './route.js';

interface RebuildPorts {
  readonly instances: InstanceStore;
  readonly told: FirstTold;
  readonly journal: Pick<Journal, 'unfinishedOn'>;
}

/**
 * Binds `compute.rebuild`, which writes over a disk, to an instance that is ours; any other one is FORBIDDEN. What it was made with is
 * from then on what it was made anew with.
 */
export function rebuildRoute(
  open: OpenHost,
  method: MethodName,
  request: MethodParams<'compute.rebuild'>,
  { instances, told, journal }: RebuildPorts,
): ChangeRoute {
  const route = hostChangeRoute(open, method, 'rebuild', request, journal);
  const note = async (ctx: OperationContext, { key }: Target): Promise<void> => {
    const owned = await instances.find(key);
    if (owned !== undefined) await instances.remade(key, told.ofRebuild(owned.name, request), ctx);
  };
  return {
    ...route,
    async permit(ctx, target) {
      await route.permit(ctx, target);
      if ((await instances.find(target.key)) === undefined) throw notOwned(open, target);
    },
    async run(ctx, target) {
      const result = await route.run(ctx, target);
      await note(ctx, target);
      return result;
    },
    async reconcile(ctx, target) {
      const found = await route.reconcile(ctx, target);
      if (found.verdict === 'concluded') await note(ctx, target);
      return found;
    },
  };
}
