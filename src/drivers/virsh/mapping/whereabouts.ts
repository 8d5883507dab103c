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
  /** A part of its memory has gone there, and the rest cannot follow: it can go on at neither host. */
  | { readonly kind: 'torn' }
  | { readonly kind: 'gone' };

/**
 * Where a domain is. libvirt keeps it paused at the one host while it may run at the other one, so that it never runs twice.
 *
 * @param isOurs has this operation begun to take it there? Then what is there has come by it
 */
export function whereabouts({ here, there, job }: TwoSights, isOurs: boolean): Whereabouts {
  if (isTorn(here) || (there !== 'untold' && isTorn(there))) return { kind: 'torn' };
  if (here === undefined) {
    if (there === undefined || there === 'untold') return { kind: 'gone' };
    return isPassing(there) ? { kind: 'moving', job } : { kind: 'there', there };
  }
  if (job !== undefined) return { kind: 'moving', job };
  const isHeld = isHeldForMove(here) || isHeldForRest(here);
  if (there === undefined && isHeldForRest(here)) return { kind: 'torn' };
  // What runs here, without a migration, can run nowhere else: libvirt lets nobody go on there before it has stopped here.
  if (there === undefined || (there === 'untold' && !isHeld)) return { kind: 'here', here };
  if (there === 'untold') return { kind: 'moving', job };
  if (isPassing(there)) return { kind: 'moving', job };
  const isLeft = isOff(there) ? isOff(here) : isOff(here) || isHeld;
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

/** Stopped by libvirt at the end of a migration, and not by anybody who wants it so. Its memory is here, whole. */
export function isHeldForMove({ state, reason }: DomainStatus): boolean {
  return state === State.VIR_DOMAIN_PAUSED && reason === Paused.VIR_DOMAIN_PAUSED_MIGRATION;
}

/** It goes on at the other host, which fetches the rest of its memory from here. */
export function isHeldForRest({ state, reason }: DomainStatus): boolean {
  return state === State.VIR_DOMAIN_PAUSED && reason === Paused.VIR_DOMAIN_PAUSED_POSTCOPY;
}

/** That fetching has broken off. */
function isTorn(status: DomainStatus | undefined): boolean {
  return (
    (status?.state === State.VIR_DOMAIN_PAUSED && status.reason === Paused.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED) ||
    (status?.state === State.VIR_DOMAIN_RUNNING && status.reason === Running.VIR_DOMAIN_RUNNING_POSTCOPY_FAILED)
  );
}

export function isOff({ state }: DomainStatus): boolean {
  return state === State.VIR_DOMAIN_SHUTOFF || state === State.VIR_DOMAIN_CRASHED;
}
