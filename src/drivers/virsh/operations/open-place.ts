import type { Pacing } from '../../kit/index.js';
import type { LibvirtAccess } from '../client/libvirt-access.js';
import type { LibvirtLink } from '../client/libvirt-link.js';
import { ProgramDomains } from '../client/program-domains.js';
import { RpcDomains } from '../client/rpc-domains.js';
import { notByProgram } from './by-program.js';
import { readCpuTraits } from './cpu-traits.js';
import { backendOf, type VirshPlace } from './virsh-place.js';

/** A host, by whatever way it is reached. @param link to it, asked for at each use */
export function placeAt({ label, endpoint, by }: LibvirtAccess, link: () => LibvirtLink, pacing: Pacing): VirshPlace {
  const place = {
    hostUuid: (ctx) => link().hostUuid(ctx.signal),
    label,
    keyedBy: endpoint,
    backend: backendOf(label, pacing),
  } satisfies Omit<VirshPlace, 'domains' | 'caller' | 'cpuTraits'>;
  if (by === 'program') {
    return {
      ...place,
      domains: (ctx) => new ProgramDomains(link().program(ctx), ctx.signal),
      cpuTraits: () => Promise.resolve(undefined),
      caller: (ctx) => {
        throw notByProgram(label, ctx);
      },
    };
  }
  return {
    ...place,
    domains: (ctx) => new RpcDomains(link().caller(ctx), ctx.signal),
    cpuTraits: (ctx) => link().lasting(readCpuTraits, ctx.signal),
    caller: (ctx) => link().caller(ctx),
  };
}
