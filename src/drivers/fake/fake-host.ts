import { targetKey } from '../../common/ids.js';
import type { CallContext, HostSwitch, Target } from '../../compute/contract/index.js';
import type { FakeSite } from './fake-site.js';

/** The host as a target. */
export async function resolveFakeHost(ctx: CallContext, site: FakeSite): Promise<Target> {
  await site.read(ctx, 'resolveHost');
  return { key: targetKey('fake', site.name, 'host'), id: 'host', name: site.name };
}

/** What a host as a whole is switched to. */
export function fakeSwitches(site: FakeSite): { readonly setMaintenance: HostSwitch; readonly setEnabled: HostSwitch } {
  const resolveHost = (ctx: CallContext): Promise<Target> => resolveFakeHost(ctx, site);
  return {
    setMaintenance: {
      resolveHost,
      async set(ctx, _host, isEnabled) {
        if (site.isInMaintenance === isEnabled) return false;
        const doing = `${isEnabled ? 'beginning' : 'ending'} maintenance of ${site.name}`;
        await site.beginStep(ctx, { operation: 'setMaintenance', name: '*', doing });
        site.isInMaintenance = isEnabled;
        site.answer('setMaintenance', '*');
        return true;
      },
    },
    setEnabled: {
      resolveHost,
      async set(ctx, _host, isEnabled) {
        if (site.isEnabled === isEnabled) return false;
        const doing = `${isEnabled ? 'opening' : 'closing'} ${site.name} for new instances`;
        await site.beginStep(ctx, { operation: 'setEnabled', name: '*', doing });
        site.isEnabled = isEnabled;
        site.answer('setEnabled', '*');
        return true;
      },
    },
  };
}
