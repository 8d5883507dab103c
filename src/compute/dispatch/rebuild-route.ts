import type { InstanceStore } from '../../journal/instance-store.port.js';
import type { MethodName, MethodParams, OperationContext, Target } from '../contract/index.js';
import { hostChangeRoute, type OpenHost } from './host-route.js';
import type { FirstTold } from './made-with.js';
import type { ChangeRoute } from './route.js';

/** Binds `compute.rebuild` to an instance. What one that is ours was made with is from then on what it was made anew with. */
export function rebuildRoute(
  open: OpenHost,
  method: MethodName,
  request: MethodParams<'compute.rebuild'>,
  { instances, told }: { readonly instances: InstanceStore; readonly told: FirstTold },
): ChangeRoute {
  const route = hostChangeRoute(open, method, 'rebuild', request);
  const note = async (ctx: OperationContext, { key }: Target): Promise<void> => {
    const owned = await instances.find(key);
    if (owned !== undefined) await instances.remade(key, told.ofRebuild(owned.name, request), ctx);
  };
  return {
    ...route,
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
