import { domainFsthaw } from 'node-libvirt';
import { z } from 'zod';
import { ComputeError } from '../../../common/errors/index.js';
import type {
  Answering,
  CallContext,
  ChangeParams,
  ChangeResult,
  Checkpoint,
  Image,
  Images,
  OperationContext,
  OperationWork,
  OperationWorks,
  Reconciliation,
} from '../../../compute/contract/index.js';
import { ImageSchema, STEP_CHECKPOINT } from '../../../compute/contract/index.js';
import { lookAfter, notedAs, outlast, writesAnswered } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import { imageVolumeName, markName, requireImageName, type KeptImage } from '../mapping/image-volume.js';
import { DRIVER_NAME, limited } from '../mapping/refusal.js';
import { endCopy, ensureBackedUp } from './backup.js';
import { seeDevices, seeDevicesForPlan, type DeviceSight } from './device-sight.js';
import { DomainChange } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import { HELD, holdFileSystems, isFrozen, LET_GO, whyNoAgent } from './quiesce.js';
import { requireRoom } from './storage/base-image.js';
import { ensureMarked } from './storage/ensure-volume.js';
import { ensurePool, findPool, poolIfThere } from './storage/find-pool.js';
import { admitExport, dropImage, putImage } from './storage/image.operations.js';
import { keepAsImage, keptByName, removeLeftBehind, shownImage } from './storage/kept-images.js';
import { slowestMs, type StoragePool } from './storage/storage-pool.js';
import type { HostPlace } from './virsh-place.js';

type Params = ChangeParams<'snapshot'>;
type Saved = Answering<ChangeResult, { image: Image }>;

/** Checkpoint: the image was put where it is wanted; its data are what callers are told of it. */
const PUT = 'image-put';
/** Checkpoint: were the file systems held before, by somebody else? Then they stay so. */
const HOLD = 'file-systems';
const HoldSchema = z.object({ were_held: z.boolean() });

/** Images of root disks, of guests that run as of those that do not. */
export function snapshotWorks(place: HostPlace, images: Images | undefined): OperationWorks<'snapshot'> {
  return { snapshot: snapshotWork(place, images) };
}

function snapshotWork(place: HostPlace, images: Images | undefined): OperationWork<Params, Saved> {
  return {
    async run(ctx, target, params) {
      admit(params, images);
      const change = new DomainChange(ctx, place, target);
      return await change.run('saving the root disk of domain', async () => {
        await change.look();
        const pool = await ensurePool(change, place.settings.pool);
        const put = notedAs(ctx.checkpoints, PUT, ImageSchema);
        const kept = await imageOf(ctx, pool, params.name);
        const image = kept ?? (put === undefined ? await save(change, pool, params) : undefined);
        if (kept === undefined && image !== undefined) await requireAlone(change, pool, image);
        const shown = put ?? (image && (await stored(change, images, pool, image, params)));
        if (shown === undefined) throw change.error('OPERATION_FAILED', `the image ${params.name} is not there`);
        if (params.store_at !== undefined && image !== undefined) await dropImage(change, pool, image);
        return { ...change.ended(true, await change.look()), answer: { image: shown } };
      });
    },
    plan: (ctx, target, params) =>
      planning(place, target, async () => {
        admit(params, images);
        const sight = await seeDevicesForPlan(ctx, place, target);
        const pool = await findPool(place.caller(ctx), place.settings.pool, { signal: ctx.signal });
        if (pool === undefined) throw noRoot();
        rootOf(sight, pool);
        await imageOf(ctx, pool, params.name);
        const status = await place.domains(ctx).status(target.id);
        const why = params.quiesce === true ? whyNoAgent(status, sight.live ?? sight.next) : undefined;
        if (why !== undefined) throw cannotBeDone(target, status, why);
        return [{ action: 'copy-volume', description: `copy the root disk of domain ${target.name} as it is then` }];
      }),
    reconcile: (ctx, target, { name }) => {
      const change = new DomainChange(ctx, place, target);
      return lookAfter(change, async (last) => {
        const hasHeld = mayBeHeld(ctx);
        // At once, since the guest cannot write; and again when no request can be under way that holds them.
        if (hasHeld) await tryToThaw(change);
        await outlast(change, last);
        const verdict: Reconciliation = ctx.isEnding ? await giveUp(change, place, name) : { verdict: 'continue' };
        if (hasHeld) await letGo(change);
        return verdict;
      });
    },
  };
}

function admit({ name, store_at: to }: Params, images: Images | undefined): void {
  requireImageName('name', name);
  if (to !== undefined) admitExport(to, images);
}

/** The root disk of an instance. */
interface Root {
  readonly target: string;
  /** Name of its volume. */
  readonly volume: string;
  readonly isInUse: boolean;
  /** Targets of the other disks. */
  readonly others: readonly string[];
}

/** @throws ComputeError FEATURE_LIMITED for an instance that does not start from a disk of its own in the pool */
function rootOf({ live, next }: DeviceSight, pool: StoragePool): Root {
  const { disks } = live ?? next;
  const disk = disks.find(({ alias }) => alias === DISK_ALIASES.root);
  if (disk?.source === undefined || !disk.source.startsWith(`${pool.path}/`)) throw noRoot();
  return {
    target: disk.target,
    volume: disk.source.slice(pool.path.length + 1),
    isInUse: live !== undefined,
    others: disks.filter((one) => one !== disk).map(({ target }) => target),
  };
}

function noRoot(): ComputeError {
  return limited(
    'instance',
    'an image is made of the root disk that an instance was launched with, and this one has none in the pool; copy its volumes where they are kept',
  );
}

/** The image that this very operation has made. @throws ComputeError ALREADY_EXISTS when another one has the name */
async function imageOf(
  ctx: CallContext & Partial<Pick<OperationContext, 'operationId'>>,
  pool: StoragePool,
  name: string,
): Promise<KeptImage | undefined> {
  const kept = await keptByName(pool, name, { signal: ctx.signal });
  const own = kept.find((image) => image.operationId === ctx.operationId);
  if (own !== undefined || kept.length === 0) return own;
  throw exists(name);
}

/** Nobody else has made one of this name meanwhile: then this one goes, and of two at once perhaps both. */
async function requireAlone(change: DomainChange, pool: StoragePool, image: KeptImage): Promise<void> {
  const kept = await keptByName(pool, image.image, { signal: change.ctx.signal });
  if (kept.every(({ operationId }) => operationId === image.operationId)) return;
  await dropImage(change, pool, image);
  throw exists(image.image);
}

function exists(name: string): ComputeError {
  return new ComputeError('ALREADY_EXISTS', `the host has an image ${name} already; choose another name`, {
    driver: DRIVER_NAME,
    details: { image: name },
  });
}

async function save(change: DomainChange, pool: StoragePool, { name, quiesce = false }: Params): Promise<KeptImage> {
  const { ctx } = change;
  const root = rootOf(await seeDevices(change), pool);
  const status = await change.look();
  const why = quiesce ? whyNoAgent(status, await change.facts()) : undefined;
  if (why !== undefined) throw cannotBeDone(change.target, status, why);
  const { fileBytes } = (await pool.find(root.volume, { signal: ctx.signal })) ?? {};
  await requireRoom(change, pool, fileBytes ?? 0);
  change.notCounting(slowestMs(fileBytes ?? 0));
  if (!root.isInUse) return await keepAsImage(change, pool, root.volume, name);
  const named = { image: name, format: 'qcow2', sha256: undefined, operationId: ctx.operationId } as const;
  const volume = imageVolumeName(named);
  const made = await ensureBackedUp(change, pool, {
    target: root.target,
    others: root.others,
    what: `root disk of ${change.target.name}`,
    volume,
    at: (begin) => (quiesce ? whileHeld(change, begin) : begin()),
  });
  const { fileBytes: bytes } = made;
  await ensureMarked(change, pool, markName(volume, bytes));
  await removeLeftBehind(change, pool, made);
  return { ...named, volume, bytes };
}

/** What a guest writes is whole on its disks meanwhile. */
async function whileHeld(change: DomainChange, begin: () => Promise<void>): Promise<void> {
  const { ctx, place, target } = change;
  let noted = notedAs(ctx.checkpoints, HOLD, HoldSchema);
  if (noted === undefined) {
    noted = { were_held: await change.ask(() => isFrozen(ctx, place, target)) };
    await ctx.checkpoint(HOLD, noted);
  }
  if (noted.were_held) return await begin();
  try {
    await holdFileSystems(change, HELD);
    await begin();
  } finally {
    await letGo(change);
  }
}

const HeldStepSchema = z.object({ step: z.literal(HELD.step) });

/** Has this operation held the file systems, and not seen that they were let go? */
function mayBeHeld({ checkpoints }: OperationContext): boolean {
  if (notedAs(checkpoints, HOLD, HoldSchema)?.were_held !== false) return false;
  const isHold = ({ name, data }: Checkpoint) => name === STEP_CHECKPOINT && HeldStepSchema.safeParse(data).success;
  const at = checkpoints.findLastIndex(isHold);
  return at !== -1 && !writesAnswered(checkpoints.slice(at)).includes(LET_GO.noun);
}

/** Lets go the file systems that this operation has held. It has a time of its own. */
async function letGo(holding: DomainChange): Promise<void> {
  const change = holding.afresh();
  // When nobody waits for it any more no step can be begun, and a guest that cannot write waits.
  await (change.ctx.signal.aborted ? tryToThaw(change) : holdFileSystems(change, LET_GO));
}

/** What does not come of it now is seen to by {@link letGo} when the operation is reconciled. */
async function tryToThaw({ ctx, caller, ref, target, requestTimeoutMs }: DomainChange): Promise<void> {
  if (!ctx.signal.aborted)
    await ctx.beginStep({ name: LET_GO.step, description: `${LET_GO.doing} ${target.name}`, requestTimeoutMs });
  try {
    await caller.call(domainFsthaw, { domain: ref, mountPoints: [] }, { timeoutMs: requestTimeoutMs });
  } catch (error) {
    if (failureOf(error) === undefined) throw error;
  }
}

/** Ends what is under way, and removes what was made: nobody goes on with it. */
async function giveUp(begun: DomainChange, place: HostPlace, name: string): Promise<Reconciliation> {
  const change = begun.afresh();
  const { ctx } = change;
  const options = { signal: ctx.signal };
  const pool = await poolIfThere(change, place.settings.pool);
  if (pool !== undefined) {
    await endCopy(change, pool);
    const own = (await keptByName(pool, name, options)).find(({ operationId }) => operationId === ctx.operationId);
    if (own !== undefined) await dropImage(change, pool, own);
  }
  const wasPut = notedAs(ctx.checkpoints, PUT, ImageSchema) !== undefined;
  return wasPut
    ? { verdict: 'stopped', text: 'the image was put where it was wanted, and is there', effect: 'unknown' }
    : { verdict: 'stopped', text: 'the copy was ended, and nothing of it is left on the host', effect: 'not-applied' };
}

/** What callers are told of the image: where it is among those of the host, or where it was put. */
async function stored(
  change: DomainChange,
  images: Images | undefined,
  pool: StoragePool,
  image: KeptImage,
  { store_at: to }: Params,
): Promise<Image> {
  if (to === undefined) return shownImage(image);
  const { copy } = await putImage(change, admitExport(to, images), pool, image, to);
  await change.ctx.checkpoint(PUT, copy);
  return copy;
}
