import { domainDefineXmlFlags } from 'node-libvirt';
import { ComputeError } from '../../../../common/errors/index.js';
import { childAt, type XmlElement } from '../../../../connectors/xml/index.js';
import type { Evacuation, Relocation } from '../../../../compute/contract/index.js';
import { settle } from '../../../kit/index.js';
import type { DomainStatus } from '../../client/domains.port.js';
import { isOff } from '../../mapping/whereabouts.js';
import type { Neighbours } from '../neighbours.js';
import { explaining, hostTarget, type HostPlace } from '../virsh-place.js';
import { liveObstacle, moveLive } from './live-migrate.js';
import type { MoveChange } from './move-change.js';
import { definitionThere, filePlaces, prepare } from './preparation.js';
import { relocation } from './relocation.js';

/**
 * Sets domains up elsewhere, as long as their host answers: what runs goes there as it runs, and what is off is defined there, with its
 * disks. What a host that does not answer still runs nobody can tell, so that nothing of it is started a second time.
 */
export function evacuation(place: HostPlace, neighbours: Neighbours): Evacuation {
  const moves = relocation(place, neighbours, {
    action: 'evacuate',
    obstacle: (status) => (isOff(status) && !status.hasSavedMemory ? undefined : evacuationObstacle(status)),
    move: (change, here) => (isOff(here) ? moveOff(change) : moveLive(change)),
  });
  return {
    ...moves,
    resolve: fromLiving(place, moves),
    resolveHost: (ctx) => explaining(place, 'finding the host', () => hostTarget(ctx, place)),
  };
}

function evacuationObstacle(status: DomainStatus): string | undefined {
  const why = liveObstacle(status);
  return why === undefined || !status.hasSavedMemory
    ? why
    : 'its memory is saved on the disk of its host, which libvirt does not give away; resume it, or power it off';
}

/** @throws ComputeError BACKEND_UNREACHABLE that says why nothing is done about a host that does not answer */
function fromLiving({ label }: HostPlace, moves: Relocation): Relocation['resolve'] {
  return async (ctx, reference, destination) => {
    try {
      return await moves.resolve(ctx, reference, destination);
    } catch (error) {
      if (!(error instanceof ComputeError) || error.code !== 'BACKEND_UNREACHABLE') throw error;
      throw new ComputeError(
        error.code,
        `${error.message}. While ${label} does not answer, nothing proves that its guests do not run there, and none is set up a second time`,
        { driver: error.driver, native: error.native, details: error.details, retry: error.retry, cause: error },
      );
    }
  };
}

/** A domain that is off. Here it goes last, so that there is always one that can be started. */
async function moveOff(change: MoveChange): Promise<undefined> {
  const { there } = change;
  requireCarried(change, await change.definition('next'));
  const luggage = await prepare(change, () => false);
  const xml = await definitionThere(change, filePlaces(luggage));
  await change.atDestination('defining domain', async () => {
    await settle(there, {
      step: 'define-there',
      noun: 'definition at the other host',
      doing: change.doing,
      look: () => there.lookIfThere(),
      isOver: () => Promise.resolve(true),
      send: async (timeoutMs) => {
        await there.caller.call(domainDefineXmlFlags, { xml }, { timeoutMs });
        return undefined;
      },
    });
  });
  return undefined;
}

/** What lies on the host beside its disks goes with a guest that runs, and with no other one. @throws ComputeError FEATURE_LIMITED */
function requireCarried(change: MoveChange, definition: XmlElement): void {
  const what =
    childAt(definition, 'os', 'nvram') !== undefined
      ? 'the variables of its firmware lie'
      : childAt(definition, 'devices', 'tpm', 'backend') !== undefined
        ? 'the state of its TPM lies'
        : undefined;
  if (what === undefined) return;
  throw change.error(
    'FEATURE_LIMITED',
    `${change.label} cannot be moved while it is off: ${what} on its host, and libvirt takes that along with running guests only; start it first`,
  );
}
