import { ComputeError } from '../../../common/errors/index.js';
import { noteCreated, type CallContext } from '../../../compute/contract/index.js';
import { settle } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { domainXml } from '../mapping/domain-xml.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import type { DomainChange } from './domain-change.js';
import { requireHostDevices } from './host-device-lookup.js';
import { definitionOf, lookUp, refuseTakenVolumes } from './launch-lookup.js';
import { ensurePool } from './storage/find-pool.js';
import type { HostPlace } from './virsh-place.js';
import type { WantedDomain } from './wanted-domain.js';

/**
 * The domain is defined, with all that it is to have, and noted; what it has is made afterwards. So its name is taken from the
 * first moment on, and whatever is made for it belongs to a domain that is there, and goes with it.
 *
 * Its UUID comes of the operation, so that the one that is there is the one that this operation has made.
 */
export async function ensureDomain(change: DomainChange, place: HostPlace, wanted: WantedDomain): Promise<void> {
  const { ctx, uuid, target } = change;
  if ((await change.lookIfThere()) === undefined) {
    const operation = ctx.operationId;
    // What cannot be is refused before there is a pool.
    const found = await change.ask(async () => {
      await refuseTakenName(ctx, place, target.name);
      const seen = await lookUp(ctx, place, wanted);
      const planned = definitionOf(wanted, seen, { uuid, operation, poolPath: place.settings.pool.path });
      await refuseTakenVolumes(ctx, place, wanted, planned);
      await requireHostDevices(ctx, place, wanted);
      return seen;
    });
    const { path: poolPath } = await ensurePool(change, place.settings.pool);
    const definition = domainXml(definitionOf(wanted, found, { uuid, operation, poolPath }));
    await settle<DomainStatus>(change, {
      step: 'define-domain',
      noun: `definition of ${change.label}`,
      doing: `defining ${change.label}`,
      look: () => change.lookIfThere(),
      // Whoever defines it once more defines the same.
      isOver: () => Promise.resolve(true),
      send: async (timeoutMs) => {
        await change.domains.define(definition, timeoutMs);
        return undefined;
      },
    });
  }
  await noteCreated(ctx, target);
}

/** @throws ComputeError ALREADY_EXISTS */
export async function refuseTakenName(ctx: CallContext, place: HostPlace, name: string): Promise<void> {
  const there = await place.domains(ctx).find(name);
  if (there?.name !== name) return;
  throw new ComputeError('ALREADY_EXISTS', `${place.label} has another domain ${name}`, {
    driver: DRIVER_NAME,
    details: { id: there.uuid },
  });
}
