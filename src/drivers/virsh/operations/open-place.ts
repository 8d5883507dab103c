import type { Pacing } from '../../kit/index.js';
import type { LibvirtLink } from '../client/libvirt-link.js';
import { RpcDomains } from '../client/rpc-domains.js';
import { backendOf, type VirshPlace } from './virsh-place.js';

/** A host that is reached by libvirt's own protocol. */
export function rpcPlace(link: LibvirtLink, pacing: Pacing): VirshPlace {
  return {
    domains: (ctx) => new RpcDomains(link.caller(ctx), ctx.signal),
    caller: (ctx) => link.caller(ctx),
    hostUuid: (ctx) => link.hostUuid(ctx.signal),
    label: link.label,
    keyedBy: link.endpoint,
    backend: backendOf(link.label, pacing),
  };
}
