import type { Pacing } from '../../kit/index.js';
import type { LibvirtLink } from '../client/libvirt-link.js';
import { RpcDomains } from '../client/rpc-domains.js';
import { backendOf, type VirshPlace } from './virsh-place.js';

/** Where the daemon is, and the link to it at each use. */
export interface LinkedDaemon extends Pick<LibvirtLink, 'label' | 'endpoint'> {
  link(): LibvirtLink;
}

/** A host that is reached by libvirt's own protocol. */
export function rpcPlace({ label, endpoint, link }: LinkedDaemon, pacing: Pacing): VirshPlace {
  return {
    domains: (ctx) => new RpcDomains(link().caller(ctx), ctx.signal),
    caller: (ctx) => link().caller(ctx),
    hostUuid: (ctx) => link().hostUuid(ctx.signal),
    label,
    keyedBy: endpoint,
    backend: backendOf(label, pacing),
  };
}
