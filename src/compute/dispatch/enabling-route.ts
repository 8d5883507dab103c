import { targetKey } from '../../common/ids.js';
import type { InstanceStore } from '../../journal/instance-store.port.js';
import type { MethodName, MethodParams } from '../contract/index.js';
import { offered, routeOn, targetPlace, within, type OpenHost } from './host-route.js';
import type { ChangeRoute } from './route.js';
import { hasBegun } from './run-context.js';

/** Binds `host.set_enabled`. That nothing new begins on a host which is not enabled, {@link ChangeRoute.mayBegin} sees to. */
export function enablingRoute(
  open: OpenHost,
  method: MethodName,
  request: MethodParams<'host.set_enabled'>,
  instances: InstanceStore,
): ChangeRoute {
  const setEnabled = offered(open, method, 'setEnabled', request);
  const { name, driver } = open;
  const { enabled } = request;
  const place = { driver: driver.name };
  const description = `letting ${name} take ${enabled ? 'new instances again' : 'no new instances'}`;
  return {
    ...routeOn(open, name),
    hosts: [],
    resolve: (ctx) => within(place, () => setEnabled.resolveHost(ctx)),
    provisionalKey: () => targetKey(driver.name, name, 'host'),
    permit: () => Promise.resolve(),
    plan: async () =>
      (await instances.disabledHosts()).includes(name) === enabled ? [{ action: 'set_enabled', description }] : [],
    run: (ctx, host) =>
      within(targetPlace(place, host), async () => {
        const wasBegun = hasBegun(ctx.checkpoints);
        await ctx.beginStep({ name: 'set_enabled', description, requestTimeoutMs: 0 });
        // Closed here first and opened here last, so that nothing comes to a backend that is closed.
        const wasClosed = !enabled && (await instances.setHostEnabled(name, false));
        const wasTold = await setEnabled.set(ctx, host, enabled);
        const wasOpened = enabled && (await instances.setHostEnabled(name, true));
        const isNew = wasBegun || wasClosed || wasTold || wasOpened;
        return { outcome: isNew ? 'done' : 'already', answer: { host: name, enabled } };
      }),
    // Saying it once more does no harm.
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
    describe: () => ({}),
  };
}
