import { DomainPausedReason as Paused, DomainRunningReason as Running, DomainState as State } from 'node-libvirt';
import type { DomainStatus } from '../client/domains.port.js';
import type { MigrationJob } from './migration-job.js';

/** What two hosts tell of one domain. */
export interface TwoSights {
  /** At its host. */
  readonly here: DomainStatus | undefined;
  /** Of the same UUID at the host that it is to come to; `untold` when that does not answer. */
  readonly there: DomainStatus | undefined | 'untold';
  /** Its migration away from here, when one is under way. */
  readonly job: MigrationJob | undefined;
}

export type Whereabouts =
  | { readonly kind: 'here'; readonly here: DomainStatus }
  /** Neither host has it for good yet. */
  | { readonly kind: 'moving'; readonly job: MigrationJob | undefined }
  /** Only there. */
  | { readonly kind: 'there'; readonly there: DomainStatus }
  /** It has come there, and something of it that does not run is left here. */
  | { readonly kind: 'left-behind'; readonly here: DomainStatus; readonly there: DomainStatus }
  /** Each host has one, and nothing shows that the one there has come from here. */
  | { readonly kind: 'twice'; readonly here: DomainStatus; readonly there: DomainStatus }
  | { readonly kind: 'gone' };

/**
 * Where a domain is. libvirt keeps it paused at the one host while it may run at the other one, so that it never runs twice.
 *
 * @param isOurs has this operation begun to take it there? Then what is there has come by it
 */
export function whereabouts({ here, there, job }: TwoSights, isOurs: boolean): Whereabouts {
  if (here === undefined) {
    if (there === undefined || there === 'untold') return { kind: 'gone' };
    return isPassing(there) ? { kind: 'moving', job } : { kind: 'there', there };
  }
  if (job !== undefined) return { kind: 'moving', job };
  // What runs here, without a migration, can run nowhere else: libvirt lets nobody go on there before it has stopped here.
  if (there === undefined || (there === 'untold' && !isHeldForMove(here))) return { kind: 'here', here };
  if (there === 'untold') return { kind: 'moving', job };
  if (isPassing(there)) return { kind: 'moving', job };
  const isLeft = isOff(there) ? isOff(here) : isOff(here) || isHeldForMove(here);
  return { kind: isOurs && isLeft ? 'left-behind' : 'twice', here, there };
}

/** On its way in: it does not run there yet, or not without the host that it comes from. */
function isPassing({ state, reason }: DomainStatus): boolean {
  if (state === State.VIR_DOMAIN_RUNNING) return reason === Running.VIR_DOMAIN_RUNNING_POSTCOPY;
  return (
    state === State.VIR_DOMAIN_PAUSED &&
    (reason === Paused.VIR_DOMAIN_PAUSED_MIGRATION ||
      reason === Paused.VIR_DOMAIN_PAUSED_STARTING_UP ||
      reason === Paused.VIR_DOMAIN_PAUSED_POSTCOPY)
  );
}

/** Stopped by libvirt at the end of a migration, and not by anybody who wants it so. */
export function isHeldForMove({ state, reason }: DomainStatus): boolean {
  return (
    state === State.VIR_DOMAIN_PAUSED &&
    (reason === Paused.VIR_DOMAIN_PAUSED_MIGRATION || reason === Paused.VIR_DOMAIN_PAUSED_POSTCOPY)
  );
}

export function isOff({ state }: DomainStatus): boolean {
  return state === State.VIR_DOMAIN_SHUTOFF || state === State.VIR_DOMAIN_CRASHED;
}
