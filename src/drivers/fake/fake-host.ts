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
  const switching = (
    operation: string,
    what: 'isInMaintenance' | 'isEnabled',
    doing: (isEnabled: boolean) => string,
  ): HostSwitch => ({
    resolveHost: (ctx) => resolveFakeHost(ctx, site),
    async set(ctx, _host, isEnabled) {
      if (site[what] === isEnabled) return false;
      await site.beginStep(ctx, { operation, name: '*', doing: doing(isEnabled) });
      site[what] = isEnabled;
      site.answer(operation, '*');
      return true;
    },
  });
  return {
    setMaintenance: switching(
      'setMaintenance',
      'isInMaintenance',
      (isEnabled) => `${isEnabled ? 'beginning' : 'ending'} maintenance of ${site.name}`,
    ),
    setEnabled: switching(
      'setEnabled',
      'isEnabled',
      (isEnabled) => `${isEnabled ? 'opening' : 'closing'} ${site.name} for new instances`,
    ),
  };
}
