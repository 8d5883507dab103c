import { domainGetAutostart, domainGetXmlDesc, domainSetAutostart, DomainXMLFlags } from 'node-libvirt';
import { basename, dirname } from 'node:path/posix';
import { z } from 'zod';
import { parseXml, serialiseXml } from '../../../../connectors/xml/index.js';
import { makeSo, notedAs } from '../../../kit/index.js';
import { movedDefinition } from '../../mapping/moved-definition.js';
import { instanceFiles, instanceVolumePrefix } from '../../mapping/names.js';
import { ensureCreated, ensureRemoved } from '../storage/ensure-volume.js';
import { ensurePool, poolIfThere } from '../storage/find-pool.js';
import { ensureNoInstanceVolumes } from '../storage/instance-volumes.js';
import type { StoragePool } from '../storage/storage-pool.js';
import { removeInstanceSecrets } from '../volume-secrets.js';
import { admitMove, movingOf, type Moving } from './admit-move.js';
import { carryFile, wholePrefix } from './carry-volume.js';
import type { MigrationNeeds } from './migration.js';
import type { MoveChange } from './move-change.js';
import { movingDisks, removeProbe, requireCopyable, type MovingDisks, type OwnFile } from './move-disks.js';
import { bringFilters, filtersToBring, removeFilterOf } from './move-filters.js';
import { bringSecrets, secretsToBring } from './move-secrets.js';

/** Left before anything is made at the other host: what this operation makes there, and what is of no use here afterwards. */
const MAKING_CHECKPOINT = 'making-there';
const MakingSchema = z.object({
  /** Volumes by their pools. */
  volumes: z.array(z.object({ pool: z.string(), volume: z.string() })),
  filters: z.array(z.string()),
  /** Names of secrets. */
  secrets: z.array(z.string()).default([]),
  /** Where its console logs are here, when the other host does not share that place. */
  logs: z.array(z.string()).default([]),
  /** The pools there that they come to, and their names. */
  logs_there: z.array(z.object({ pool: z.string(), volume: z.string() })).default([]),
  /** Does it start with its host? libvirt forgets that on the way. */
  autostart: z.boolean().default(false),
});

/** What is brought before the domain itself. */
export interface Luggage extends MovingDisks {
  readonly moving: Moving;
}

/**
 * Makes the other host ready for a domain: what its interfaces and its disks need is there then, and a disk that both hosts do not have
 * is there as a file.
 *
 * @param isCopied is a disk copied by the migration itself? Then its file is made there, and holds nothing yet
 */
export async function prepare(change: MoveChange, isCopied: (file: OwnFile) => boolean): Promise<Luggage> {
  const { ctx, there, caller, ref, ends } = change;
  const moving = movingOf(await change.definition());
  await change.atDestination('looking whether there is a place for domain', (there) =>
    there.ask(() => admitMove(change, moving)),
  );
  const disks = await movingDisks(change, moving.facts);
  const { own } = disks;
  requireCopyable(change, own.filter(isCopied));
  const filters = await filtersToBring(change, moving.facts);
  const secrets = await secretsToBring(change);
  if (notedAs(ctx.checkpoints, MAKING_CHECKPOINT, MakingSchema) === undefined) {
    await requireFree(change, own);
    const { autostart } = await caller.call(domainGetAutostart, { domain: ref }, { signal: ctx.signal });
    const logs = ownLogs(disks, moving);
    await ctx.checkpoint(MAKING_CHECKPOINT, {
      volumes: own.map(({ to, into }) => ({ pool: to.name, volume: into })),
      filters: filters.map(({ name }) => name),
      secrets: secrets.map(({ usageId }) => usageId),
      logs: logs.map(({ path }) => path),
      logs_there: logs.map(({ path, to }) => ({ pool: to.name, volume: basename(path) })),
      autostart,
    });
  }
  await change.atDestination('making the host ready for domain', async () => {
    await bringFilters(change, filters);
    await bringSecrets(change, secrets);
    // What its console shows goes on in the pool, also of one without a disk there.
    const logs = moving.facts.consoles.map(({ logFile = '' }) => dirname(logFile));
    if (logs.includes(ends.from.settings.pool.path)) await ensurePool(there, ends.to.settings.pool);
    for (const file of own) {
      const { to, into, format, capacityBytes, name } = file;
      if (isCopied(file)) await ensureCreated(there, to, `disk ${name}`, { name: into, format, capacityBytes });
      else await carryFile(change, file);
    }
  });
  return { moving, ...disks };
}

/** What its console shows is written at another place there, so that what is here stays with nobody. */
function ownLogs({ folders }: Pick<MovingDisks, 'folders'>, { facts }: Moving): { path: string; to: StoragePool }[] {
  const logs = new Set(facts.consoles.flatMap(({ logFile }) => logFile ?? []));
  return [...logs].flatMap((path) => {
    const to = folders.get(dirname(path));
    return to === undefined ? [] : [{ path, to }];
  });
}

/** @throws ComputeError ALREADY_EXISTS for a file of somebody else's that is in the way */
async function requireFree(change: MoveChange, own: readonly OwnFile[]): Promise<void> {
  const { ctx, there, uuid, ends } = change;
  for (const { to, into, name } of own) {
    // What is named after the instance nobody else has made.
    if (into.startsWith(instanceVolumePrefix(uuid)) || (await to.find(into, { signal: ctx.signal })) === undefined)
      continue;
    throw there.error(
      'ALREADY_EXISTS',
      `${ends.destination} has another volume ${into} in its pool ${to.name}, where disk ${name} is to be copied to`,
    );
  }
}

/** Where its files are there, by where they are here. What its console shows goes on beside its disks. */
export function filePlaces({ own, folders, moving }: Luggage): ReadonlyMap<string, string> {
  const logs = ownLogs({ folders }, moving).map(({ path, to }): [string, string] => [
    path,
    `${to.path}/${basename(path)}`,
  ]);
  return new Map([
    ...own.map(({ from, to, volume, into }): [string, string] => [`${from.path}/${volume}`, `${to.path}/${into}`]),
    ...logs,
  ]);
}

/** Its definitions as the other host takes them; undefined when all is at the same places there. */
export async function definitionsThere(change: MoveChange, luggage: Luggage): Promise<MigrationNeeds['definitions']> {
  const places = filePlaces(luggage);
  if ([...places].every(([here, there]) => here === there)) return undefined;
  return { now: await definitionThere(change, places, 0), next: await definitionThere(change, places, NEXT) };
}

const NEXT = DomainXMLFlags.VIR_DOMAIN_XML_INACTIVE;

/** @param form how it runs, or how it will at its next start */
export async function definitionThere(
  { caller, ref, ctx }: MoveChange,
  places: ReadonlyMap<string, string>,
  form: 0 | typeof NEXT = NEXT,
): Promise<string> {
  // With its secrets, such as the password of its screen: the other daemon is to have it as it is.
  const flags = form | DomainXMLFlags.VIR_DOMAIN_XML_SECURE | DomainXMLFlags.VIR_DOMAIN_XML_MIGRATABLE;
  const { xml } = await caller.call(domainGetXmlDesc, { domain: ref, flags }, { signal: ctx.signal });
  return serialiseXml(movedDefinition(parseXml(xml), places));
}

/** Removes what this operation has made at the other host, as far as that can be reached, and what was made here for that. */
export async function undoPreparation(change: MoveChange): Promise<void> {
  const { ctx, ends, there } = change;
  const made = notedAs(ctx.checkpoints, MAKING_CHECKPOINT, MakingSchema);
  try {
    await removeProbe(change);
    if (made === undefined) return;
    await removeWholes(change);
    await change.atDestination('removing what was made for domain', async () => {
      for (const { pool: name, volume } of made.volumes) {
        const pool = await poolIfThere(there, { ...ends.to.settings.pool, name });
        if (pool !== undefined) await ensureRemoved(there, pool, `volume ${volume}`, volume);
      }
      for (const name of made.filters.toReversed()) await removeFilterOf(there, name);
      if (made.secrets.length > 0) await removeInstanceSecrets(there, there.uuid);
      for (const { pool, volume } of made.logs_there) await removeLogThere(change, pool, volume);
    });
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    ctx.log.warn('what was made for a move stays', { err: error });
  }
}

/** Its hypervisor has written it if it was begun there. */
async function removeLogThere({ ctx, ends, there }: MoveChange, name: string, volume: string): Promise<void> {
  if (!volume.startsWith(instanceVolumePrefix(there.uuid))) return;
  const pool = await poolIfThere(there, { ...ends.to.settings.pool, name });
  if (pool === undefined) return;
  // It learns of what others write there by that only.
  await pool.refresh({ signal: ctx.signal });
  await ensureRemoved(there, pool, `console log ${volume}`, volume);
}

async function removeWholes(change: MoveChange): Promise<void> {
  const { ctx, ends, uuid } = change;
  const pool = await poolIfThere(change, ends.from.settings.pool);
  if (pool === undefined) return;
  const names = await pool.volumeNames({ signal: ctx.signal });
  const wholes = names.filter((name) => name.startsWith(wholePrefix(uuid)));
  for (const volume of wholes) await ensureRemoved(change, pool, `volume ${volume}`, volume);
}

/** Removes at the host that it came from what was made for the domain alone, and is at the other one now. */
export async function clearAway(change: MoveChange): Promise<void> {
  const { ctx, uuid, ends } = change;
  const made = notedAs(ctx.checkpoints, MAKING_CHECKPOINT, MakingSchema);
  const isOfInstance = (volume: string): boolean => volume.startsWith(instanceVolumePrefix(uuid));
  const hasVolumes = made?.volumes.some(({ volume }) => isOfInstance(volume)) === true;
  const logs = made?.logs.filter((path) => isOfInstance(basename(path))) ?? [];
  const pool = hasVolumes || logs.length > 0 ? await poolIfThere(change, ends.from.settings.pool) : undefined;
  if (pool !== undefined && (hasVolumes || logs.some((path) => dirname(path) === pool.path))) {
    // Of what others write there, such as logs, it learns by that only.
    await pool.refresh({ signal: ctx.signal });
    await ensureNoInstanceVolumes(change, pool, uuid);
  }
  const own = instanceFiles(uuid).filter;
  if (made?.filters.includes(own) === true) await removeFilterOf(change, own);
  await removeInstanceSecrets(change, uuid);
}

/** What libvirt does not take along is there as it was here. */
export async function restoreAutostart(change: MoveChange): Promise<void> {
  const { ctx, label, ends } = change;
  if (notedAs(ctx.checkpoints, MAKING_CHECKPOINT, MakingSchema)?.autostart !== true) return;
  await change.atDestination('setting autostart of domain', async ({ caller, ref: domain }) => {
    await makeSo(change.there, {
      step: 'autostart-there',
      noun: 'start with the other host',
      doing: `letting ${label} start with ${ends.destination}`,
      isSo: async () => (await caller.call(domainGetAutostart, { domain }, { signal: ctx.signal })).autostart,
      send: async (timeoutMs) => {
        await caller.call(domainSetAutostart, { domain, autostart: true }, { timeoutMs });
        return true;
      },
    });
  });
}
