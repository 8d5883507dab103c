import type { CallContext, FoundMachine } from '../../../compute/contract/index.js';
import { domainFacts } from '../mapping/domain-facts.js';
import { unlessMissing } from '../client/unless-missing.js';
import { stateOf } from './domain-change.js';
import { explaining, type VirshPlace } from './virsh-place.js';

/** How many definitions are asked for at the same time. */
const AT_ONCE = 8;

/** Lists the domains of a host as machines: their states in one list, and the definition of each one that is wanted. */
export function probeDomains(
  ctx: CallContext,
  place: VirshPlace,
  isWanted: (name: string) => boolean,
): Promise<Omit<FoundMachine, 'parameters'>[]> {
  return explaining(place, 'listing the domains', async () => {
    const domains = place.domains(ctx);
    const wanted = (await domains.list()).filter(({ name }) => isWanted(name));
    const now = ctx.clock.now();
    const found: Omit<FoundMachine, 'parameters'>[] = [];
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const read = wanted.slice(at, at + AT_ONCE).map(async (status): Promise<Omit<FoundMachine, 'parameters'>[]> => {
        const definition = await unlessMissing('anything', () => domains.definition(status.uuid));
        // One that is gone meanwhile is none.
        if (definition === undefined) return [];
        const { nics, arch, virtType } = domainFacts(definition);
        return [
          {
            name: status.name,
            macs: nics.flatMap(({ mac }) => mac ?? []),
            architecture: MAAS_NAMES[arch ?? ''] ?? arch ?? 'unknown',
            state: stateOf(status, now),
            native: { uuid: status.uuid, type: virtType },
          },
        ];
      });
      found.push(...(await Promise.all(read)).flat());
    }
    return found;
  });
}

/** Architectures as MAAS names them, where libvirt does otherwise. */
const MAAS_NAMES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  i686: 'i386',
  aarch64: 'arm64',
  armv7l: 'armhf',
  ppc64le: 'ppc64el',
};
