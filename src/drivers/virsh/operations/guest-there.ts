import { ComputeError } from '../../../common/errors/index.js';
import type { Target } from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { stateOf } from './domain-change.js';

/**
 * Is there a guest in the domain that could be spoken to?
 *
 * @param doing "opening the console of domain web01"
 * @throws ComputeError STATE_CONFLICT
 */
export function requireGuest(status: DomainStatus, { key }: Target, doing: string): void {
  const why = whyNoGuest(status);
  if (why === undefined) return;
  throw new ComputeError('STATE_CONFLICT', `${doing}: ${why}`, {
    driver: DRIVER_NAME,
    target: key,
    details: { status: stateOf(status, 0).nativeState },
  });
}

/** Why there is none; undefined when there is one. */
export function whyNoGuest(status: DomainStatus): string | undefined {
  const { powerState, nativeState } = stateOf(status, 0);
  if (powerState === 'running' || powerState === 'paused') return undefined;
  return `it is ${powerState} (libvirt: ${nativeState}), so there is no guest; power it on first`;
}
