import { ComputeError } from '../../../common/errors/index.js';
import type { VirtFeatureId } from '../../../features/index.js';
import type { Pacing } from '../../kit/index.js';
import type { LibvirtAccess } from '../client/libvirt-access.js';
import type { LibvirtLink } from '../client/libvirt-link.js';
import { ProgramDomains } from '../client/program-domains.js';
import { RpcDomains } from '../client/rpc-domains.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { readCpuTraits } from './cpu-traits.js';
import { backendOf, type VirshPlace } from './virsh-place.js';

const BY_PROGRAM =
  'the host is reached by the program virsh (way: program), which is for reading and power alone; give it way rpc for all else';

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
      caller: () => {
        throw new ComputeError('FEATURE_LIMITED', `${label}: ${BY_PROGRAM}`, { driver: DRIVER_NAME });
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

/** What works by the program too. */
const ALSO_BY_PROGRAM: ReadonlySet<VirtFeatureId> = new Set<VirtFeatureId>([
  'operation.get-guest-info',
  'operation.get-host-info',
  'operation.maintenance-mode',
  'operation.pause',
  'operation.reboot',
  'operation.resume',
  'operation.service-control',
  'operation.suspend',
  'operation.unpause',
]);

/** What of the declared features a host lacks because of the way by which it is reached. */
export function lackingBy(by: LibvirtAccess['by'], features: object): ReadonlyMap<VirtFeatureId, string> {
  if (by === 'rpc') return new Map();
  const others = (Object.keys(features) as VirtFeatureId[]).filter((feature) => !ALSO_BY_PROGRAM.has(feature));
  return new Map(others.map((feature) => [feature, BY_PROGRAM]));
}
