import { domainMigrateStartPostCopy } from 'node-libvirt';
import { ComputeError } from '../../../../common/errors/index.js';
import type { ControlOperation, MigrationOperations } from '../../../../compute/contract/index.js';
import { noteAnswered } from '../../../kit/index.js';
import type { DomainStatus } from '../../client/domains.port.js';
import { failureOf } from '../../client/libvirt-failure.js';
import { DRIVER_NAME } from '../../mapping/refusal.js';
import { isHeldForRest } from '../../mapping/whereabouts.js';
import { DomainChange, stateOf } from '../domain-change.js';
import type { Neighbours } from '../neighbours.js';
import type { HostPlace } from '../virsh-place.js';
import { limitDowntime, mayPostCopy, migrate, migrationRequest } from './migration.js';
import { migrationOf } from './migration-of.js';
import type { MoveChange } from './move-change.js';
import { definitionsThere, prepare } from './preparation.js';
import { relocation } from './relocation.js';

/** Moves of domains that run, with their memory. */
export function migrationOperations(place: HostPlace, neighbours: Neighbours): MigrationOperations {
  return {
    liveMigrate: relocation(place, neighbours, {
      action: 'migrate',
      obstacle: (status) => liveObstacle(status),
      move: moveLive,
    }),
    liveMigrationForceComplete: forceComplete(place),
  };
}

/** Why a domain cannot be moved with its memory. */
export function liveObstacle(status: DomainStatus): string | undefined {
  const { powerState, nativeState } = stateOf(status, 0);
  if (isHeldForRest(status))
    return 'it goes on at another host already, which fetches the rest of its memory from here';
  if (powerState === 'running' || powerState === 'paused') return undefined;
  return `it is ${powerState} (libvirt: ${nativeState}), and not running or paused`;
}

export async function moveLive(change: MoveChange): Promise<unknown> {
  const { to } = change.ends;
  const destination = daemonUri(change);
  const luggage = await prepare(change, ({ isAtRest }) => !isAtRest);
  const { own, areFilesShared } = luggage;
  const copied = own.filter(({ isAtRest }) => !isAtRest);
  await limitDowntime(change, to.settings.migration.max_downtime_ms);
  const request = migrationRequest(destination, to.settings.migration, {
    copiedDisks: copied.map(({ target }) => target),
    areFilesShared,
    definitions: await definitionsThere(change, luggage),
  });
  return await migrate(change, request);
}

/** How the daemon of the host reaches that of the other one. @throws ComputeError FEATURE_LIMITED */
function daemonUri({ ends: { to, destination } }: MoveChange): string {
  const { migration, uri } = to.settings;
  if (migration.uri !== undefined) return migration.uri;
  if (uri.way !== 'unix') return uri.uri;
  throw new ComputeError(
    'FEATURE_LIMITED',
    `other hosts cannot reach the daemon of ${destination} by its unix socket: give the setting migration.uri of that host`,
    { driver: DRIVER_NAME, details: { path: 'destination' } },
  );
}

/**
 * Lets the guest go on there at once, where post-copy is allowed, or else stops its processors until it is there: then nothing is written
 * any more that has to be copied again. libvirt lets it go on at the end, here or there.
 */
function forceComplete(place: HostPlace): ControlOperation {
  return async (ctx, target) => {
    const change = new DomainChange(ctx, place, target);
    return await change.run('letting the move come to its end: domain', async () => {
      const status = await change.lookIfThere();
      if (status === undefined) return 'taken';
      const job = await migrationOf(change);
      if (job === undefined) return 'too-early';
      if (stateOf(status, 0).powerState !== 'running') return 'taken';
      const isPostCopy = mayPostCopy(ctx);
      if (isPostCopy && !job.isAtMemory) return 'too-early';
      await (isPostCopy ? goOnThere(change) : holdForMove(change));
      return 'taken';
    });
  };
}

async function goOnThere(change: DomainChange): Promise<void> {
  const { caller, ref, label } = change;
  await force(
    change,
    'start-post-copy',
    `letting ${label} go on where it moves to`,
    'start of post-copy',
    (timeoutMs) => caller.call(domainMigrateStartPostCopy, { domain: ref }, { timeoutMs }),
  );
}

async function holdForMove(change: DomainChange): Promise<void> {
  const { domains, uuid, label } = change;
  await force(
    change,
    'pause-for-move',
    `stopping ${label} until it has moved`,
    'stop of the guest for the move',
    (timeoutMs) => domains.suspend(uuid, timeoutMs),
  );
}

async function force(
  change: DomainChange,
  step: string,
  description: string,
  noun: string,
  send: (timeoutMs: number) => Promise<unknown>,
): Promise<void> {
  const { ctx, requestTimeoutMs } = change;
  await ctx.beginStep({ name: step, description, requestTimeoutMs });
  try {
    await send(requestTimeoutMs);
  } catch (error) {
    // It has come to its end by itself.
    if (failureOf(error)?.isWrongState !== true && failureOf(error)?.isNotThere !== true) throw error;
  }
  await noteAnswered(ctx, step, noun);
}
