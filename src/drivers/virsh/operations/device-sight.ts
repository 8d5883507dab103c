import type { XmlElement } from '../../../connectors/xml/index.js';
import type { CallContext, Target } from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { cannotBeDone } from './power.operations.js';
import type { DomainChange } from './domain-change.js';
import type { VirshPlace } from './virsh-place.js';

/** The devices of a domain: those that it has now, and those that it will have at its next start. */
export interface DeviceSight {
  /** Undefined while it does not run. */
  readonly live: DomainFacts | undefined;
  readonly next: DomainFacts;
}

export async function seeDevices(change: DomainChange): Promise<DeviceSight> {
  const [now, next] = [await change.definition(), await change.definition('next')];
  return sightOf(now, next);
}

/** The same for plans. */
export async function seeDevicesForPlan(ctx: CallContext, place: VirshPlace, target: Target): Promise<DeviceSight> {
  const domains = place.domains(ctx);
  const status = await domains.status(target.id);
  const why = whyFixed(status);
  if (why !== undefined) throw cannotBeDone(target, status, why);
  const [now, next] = await Promise.all([domains.definition(target.id), domains.definition(target.id, 'next')]);
  return sightOf(now, next);
}

function sightOf(now: XmlElement, next: XmlElement): DeviceSight {
  const facts = domainFacts(now);
  return { live: facts.id === undefined ? undefined : facts, next: domainFacts(next) };
}

/** All that there are: of the running domain first. */
export function formsOf({ live, next }: DeviceSight): DomainFacts[] {
  return live === undefined ? [next] : [live, next];
}

/**
 * Its state, when its devices can be changed.
 *
 * @throws ComputeError STATE_CONFLICT while its memory lies on the disk of the host
 */
export async function lookWhenPluggable(change: DomainChange): Promise<DomainStatus> {
  const status = await change.look();
  const why = whyFixed(status);
  if (why !== undefined) {
    throw change.error('STATE_CONFLICT', `the devices of ${change.label} cannot be changed: ${why}`);
  }
  return status;
}

function whyFixed({ hasSavedMemory }: DomainStatus): string | undefined {
  return hasSavedMemory
    ? 'its saved memory knows those that it had; resume it first, or power it off for good'
    : undefined;
}
