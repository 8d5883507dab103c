import { join } from 'node:path';
import type { Caller } from 'node-libvirt';
import { ComputeError } from '../../../../common/errors/index.js';
import type {
  Answering,
  CallContext,
  Image,
  ImageDestination,
  ImageOperations,
  Images,
  ImageSource,
  OperationContext,
  OperationWork,
  OperationWorks,
  StatelessResult,
  Target,
} from '../../../../compute/contract/index.js';
import { convertDisk, inspectDiskImage, parseImageAddress } from '../../../../images/index.js';
import { reconcileSequence } from '../../../kit/index.js';
import { keptImages, markName, requireImageName, type KeptImage } from '../../mapping/image-volume.js';
import { DRIVER_NAME, invalid, limited } from '../../mapping/refusal.js';
import { VirshChange } from '../domain-change.js';
import { explaining, type HostPlace } from '../virsh-place.js';
import { requireRoom } from './base-image.js';
import { ensureRemoved, telling } from './ensure-volume.js';
import { ensurePool, findPool, poolIfThere } from './find-pool.js';
import { keepImage, keptByName, shownImage } from './kept-images.js';
import { admitImageSource, isAddress, noImage, requireImages, withPrepared } from './obtain-image.js';
import type { StoragePool } from './storage-pool.js';
import { usersOf } from './users-of.js';

/** Images that a host keeps in its pool. */

type ImageResult = Answering<StatelessResult, { image: Image }>;

/** A change of one of them; its target is called like the image. */
class ImageChange extends VirshChange {
  override get noun(): string {
    return 'image';
  }
}

export function imageWorks(
  place: HostPlace,
  images: Images | undefined,
): OperationWorks<'importImage' | 'exportImage' | 'removeImage'> {
  return {
    importImage: importWork(place, images),
    exportImage: exportWork(place, images),
    removeImage: removeWork(place),
  };
}

/** One call tells of them all, since their volumes are named after them. */
export function listImages(place: HostPlace): ImageOperations['listImages'] {
  return (ctx) =>
    explaining(place, 'listing the images', async () => {
      const pool = await findPool(place.caller(ctx), place.settings.pool, { signal: ctx.signal });
      const names = await pool?.volumeNames({ signal: ctx.signal });
      // Two who brought the same at the same time have each left one.
      const byContent = new Map(keptImages(names ?? []).map((image) => [`${image.sha256} ${image.image}`, image]));
      return [...byContent.values()].map(shownImage);
    });
}

function importWork(
  place: HostPlace,
  images: Images | undefined,
): OperationWork<{ readonly from: ImageSource }, ImageResult> {
  /** The image of this name, when it is this very one. @throws ComputeError ALREADY_EXISTS when it is another */
  const same = async (ctx: CallContext, pool: StoragePool, name: string, sha256: string | undefined) => {
    const kept = await keptByName(pool, name, { signal: ctx.signal });
    const found = kept.find((image) => sha256 !== undefined && image.sha256 === sha256);
    const [another] = kept;
    if (found !== undefined || another === undefined || sha256 === undefined) return found;
    throw new ComputeError(
      'ALREADY_EXISTS',
      `the host has another image ${name}, ${another.sha256 === undefined ? 'made there' : `with the checksum sha256:${another.sha256}`}`,
      { driver: DRIVER_NAME },
    );
  };
  return {
    async run(ctx, target, { from }) {
      const { name } = target;
      const fetched = admitImport(name, from, images);
      const change = new ImageChange(ctx, place, target);
      return await change.run('bringing image', async () => {
        const pool = await ensurePool(change, place.settings.pool);
        const own = await ownOf(ctx, pool, name);
        if (own !== undefined) return shown('done', own);
        const before = await same(ctx, pool, name, from.checksum?.replace('sha256:', ''));
        if (before !== undefined) return shown('already', before);
        return await withPrepared(change, fetched, from, async (prepared) => {
          const found = await same(ctx, pool, name, prepared.sha256);
          if (found !== undefined) return shown('already', found);
          await requireRoom(change, pool, prepared.bytes);
          return shown('done', await keepImage(change, pool, { image: name, ...prepared }));
        });
      });
    },
    async plan(ctx, { name }, { from }) {
      admitImport(name, from, images);
      return await explaining(place, `planning for image ${name}`, async () => {
        const pool = await findPool(place.caller(ctx), place.settings.pool, { signal: ctx.signal });
        const before = pool && (await same(ctx, pool, name, from.checksum?.replace('sha256:', '')));
        if (before !== undefined) return [];
        return [
          { action: 'import-image', description: `fetch the image, look into it, and write it to the host as ${name}` },
        ];
      });
    },
    reconcile: async (ctx, target) =>
      await reconcileSequence(new ImageChange(ctx, place, target), async (change) => {
        const pool = await poolIfThere(change, place.settings.pool);
        const own = pool && (await ownOf(ctx, pool, target.name));
        return own && shown('done', own);
      }),
  };
}

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
function admitImport(name: string, from: ImageSource, images: Images | undefined): Images {
  requireImageName('image', name);
  admitImageSource('from', from);
  if (!isAddress(from.source)) {
    throw invalid('from.source', 'is no address: give file:, http:, https: or glance:');
  }
  if (from.properties !== undefined && Object.keys(from.properties).length > 0) {
    throw limited('from.properties', 'nothing is kept with an image; give them with the instance that is made of it');
  }
  return requireImages(images);
}

function exportWork(
  place: HostPlace,
  images: Images | undefined,
): OperationWork<{ readonly to: ImageDestination }, ImageResult> {
  const find = async (ctx: CallContext, name: string): Promise<{ pool: StoragePool; image: KeptImage }> => {
    const pool = await findPool(place.caller(ctx), place.settings.pool, { signal: ctx.signal });
    const image = pool && (await keptByName(pool, name, { signal: ctx.signal })).at(-1);
    if (pool === undefined || image === undefined) throw noImage(name);
    return { pool, image };
  };
  return {
    async run(ctx, target, { to }) {
      const putting = admitExport(to, images);
      const change = new ImageChange(ctx, place, target);
      return await change.run('copying image', async () => {
        const { pool, image } = await find(ctx, target.name);
        const { copy, isAlready } = await putImage(change, putting, pool, image, to);
        return { outcome: isAlready ? 'already' : 'done', state: null, answer: { image: copy } };
      });
    },
    async plan(ctx, { name }, { to }) {
      admitExport(to, images);
      return await explaining(place, `planning for image ${name}`, async () => {
        await find(ctx, name);
        const { shown: where } = parseImageAddress(to.url);
        return [{ action: 'export-image', description: `read the image ${name} from the host and put it to ${where}` }];
      });
    },
    // Whoever sent it is gone, and his connection with him; to send it again changes nothing more.
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
  };
}

/** Puts a copy of an image of the host where it is wanted, which is the same copy whenever it is done again. */
export async function putImage(
  change: VirshChange,
  images: Images,
  pool: StoragePool,
  image: KeptImage,
  to: ImageDestination,
): Promise<{ readonly copy: Image; readonly isAlready: boolean }> {
  const { ctx } = change;
  const format = to.format ?? image.format;
  const beganAt = ctx.clock.now();
  const put = await images.put(ctx, to, async (workshop) => {
    const file = await fetchKept(change, pool, image, workshop, format);
    change.notCounting(ctx.clock.now() - beganAt);
    // It is sent to somebody else, who may be asked again: what is there is never replaced by another image.
    await ctx.beginStep({
      name: 'put-image',
      description: `putting image ${image.image} where it is wanted`,
      requestTimeoutMs: change.requestTimeoutMs,
    });
    return file;
  });
  const { shown: name, bytes, sha256, isAlready } = put;
  return {
    copy: { name, id: null, format, size_bytes: bytes, checksum: `sha256:${sha256}`, native: {} },
    isAlready,
  };
}

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
export function admitExport({ url, format }: ImageDestination, images: Images | undefined): Images {
  parseImageAddress(url);
  if (format === 'iso' || format === 'kernel' || format === 'tar') {
    throw limited('to.format', 'an image can be had as raw, qcow2, vmdk or vhdx, or as it is kept');
  }
  return requireImages(images);
}

/** Reads an image from the host, in the format that is wanted. @returns its file */
async function fetchKept(
  change: VirshChange,
  pool: StoragePool,
  { image, volume, bytes, format }: KeptImage,
  workshop: string,
  wanted: string,
): Promise<string> {
  const { signal } = change.ctx;
  const file = join(workshop, 'kept');
  const onBytes = telling(change, `reading image ${image} from the host`, bytes);
  await pool.download(volume, { file, bytes, timeoutMs: change.requestTimeoutMs, signal, onBytes });
  if (wanted === format) return file;
  if (wanted !== 'raw' && wanted !== 'qcow2' && wanted !== 'vmdk' && wanted !== 'vhdx') {
    throw invalid('to.format', `the image ${image} is of the format ${format}, of which no ${wanted} can be made`);
  }
  // It comes from the host, where others may have had their hands on it.
  const { format: found } = await inspectDiskImage(file, format);
  return (await convertDisk({ file, format: found }, wanted, workshop, signal)).file;
}

function removeWork(place: HostPlace): OperationWork<object, StatelessResult> {
  return {
    async run(ctx, target) {
      const change = new ImageChange(ctx, place, target);
      return await change.run('removing image', async () => {
        const pool = await poolIfThere(change, place.settings.pool);
        const kept = pool === undefined ? [] : await keptByName(pool, target.name, { signal: ctx.signal });
        if (pool === undefined || kept.length === 0) {
          return { outcome: change.carriedOut.size > 0 ? 'done' : 'already', state: null };
        }
        await pool.refresh({ signal: ctx.signal });
        for (const image of kept) await refuseNeeded(ctx, change.caller, target, pool, image);
        for (const image of kept) await dropImage(change, pool, image);
        return { outcome: 'done', state: null };
      });
    },
    plan: async (ctx, target) =>
      await explaining(place, `planning for image ${target.name}`, async () => {
        const caller = place.caller(ctx);
        const pool = await findPool(caller, place.settings.pool, { signal: ctx.signal });
        const kept = pool === undefined ? [] : await keptByName(pool, target.name, { signal: ctx.signal });
        if (pool === undefined || kept.length === 0) return [];
        for (const image of kept) await refuseNeeded(ctx, caller, target, pool, image);
        return [{ action: 'remove-image', description: `remove the image ${target.name} from the host` }];
      }),
    reconcile: async (ctx, target) => await reconcileSequence(new ImageChange(ctx, place, target)),
  };
}

/**
 * First it is no image any more, so that nobody makes a disk of it. Who did so a moment before, and is seen now, keeps what he needs;
 * it goes with the next image that comes once nobody needs it.
 */
export async function dropImage(
  change: VirshChange,
  pool: StoragePool,
  { image, volume, bytes }: KeptImage,
): Promise<void> {
  await ensureRemoved(change, pool, `mark of image ${image}`, markName(volume, bytes));
  const users = await usersOf(change.caller, pool, volume, { signal: change.ctx.signal });
  if (users.length === 0) await ensureRemoved(change, pool, `image ${image}`, volume);
}

/** @throws ComputeError STATE_CONFLICT */
async function refuseNeeded(
  { signal }: CallContext,
  caller: Caller,
  { key }: Target,
  pool: StoragePool,
  { image, volume }: KeptImage,
): Promise<void> {
  const users = await usersOf(caller, pool, volume, { signal });
  const [first] = users;
  if (first === undefined) return;
  const more = users.length === 1 ? '' : `, and ${users.length - 1} more`;
  throw new ComputeError('STATE_CONFLICT', `the image ${image} is needed by ${first}${more}`, {
    driver: DRIVER_NAME,
    target: key,
    details: { used_by: users.slice(0, 20) },
  });
}

/** The image that this very operation has brought. */
async function ownOf(
  { operationId, signal }: OperationContext,
  pool: StoragePool,
  name: string,
): Promise<KeptImage | undefined> {
  return (await keptByName(pool, name, { signal })).find((image) => image.operationId === operationId);
}

function shown(outcome: 'done' | 'already', image: KeptImage): ImageResult {
  return { outcome, state: null, answer: { image: shownImage(image) } };
}
