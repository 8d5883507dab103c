import { ComputeError } from '../../../common/errors/index.js';
import type { Pacing } from '../../kit/index.js';
import type { LibvirtLink } from '../client/libvirt-link.js';
import { ProgramDomains } from '../client/program-domains.js';
import { RpcDomains } from '../client/rpc-domains.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { backendOf, type VirshPlace } from './virsh-place.js';

/** Where the daemon is, and the link to it at each use. */
export interface LinkedDaemon extends Pick<LibvirtLink, 'label' | 'endpoint'> {
  readonly link: () => LibvirtLink;
}

/** A host that is reached by libvirt's own protocol. */
export function rpcPlace(daemon: LinkedDaemon, pacing: Pacing): VirshPlace {
  const { link } = daemon;
  return {
    ...placeOf(daemon, pacing),
    domains: (ctx) => new RpcDomains(link().caller(ctx), ctx.signal),
    caller: (ctx) => link().caller(ctx),
  };
}

/** A host that allows nothing but the program `virsh`, over ssh: for reading and power. */
export function programPlace(daemon: LinkedDaemon, pacing: Pacing): VirshPlace {
  const { link, label } = daemon;
  return {
    ...placeOf(daemon, pacing),
    domains: (ctx) => new ProgramDomains(link().program(ctx), ctx.signal),
    caller: () => {
      throw new ComputeError(
        'FEATURE_LIMITED',
        `${label} is reached by the program virsh, which this driver uses for reading and power alone; for all else set way to rpc`,
        { driver: DRIVER_NAME },
      );
    },
  };
}

function placeOf(
  { label, endpoint, link }: LinkedDaemon,
  pacing: Pacing,
): Pick<VirshPlace, 'hostUuid' | 'label' | 'keyedBy' | 'backend'> {
  return {
    hostUuid: (ctx) => link().hostUuid(ctx.signal),
    label,
    keyedBy: endpoint,
    backend: backendOf(label, pacing),
  };
}
