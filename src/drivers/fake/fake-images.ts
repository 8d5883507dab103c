import { ComputeError } from '../../common/errors/index.js';
import type {
  Answering,
  ChangeResult,
  Image,
  ImageDestination,
  OperationContext,
  StatelessResult,
  ChangeParams,
  OperationWork,
} from '../../compute/contract/index.js';
import { imageName } from './fake-hardware.js';
import { checksumOf, fakeImage, shownImage, type FakeImage } from './fake-image.js';
import { obtainImage } from './fake-obtain.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { requireAgent } from './fake-guest.js';
import { hasEnded, instanceWork, refuseWhileChanging, removalWork, type FakeChange } from './fake-work.js';

type ImageResult = Answering<StatelessResult, { image: Image }>;

/** Images of a host, and those that are made of its instances. */
export function fakeImages(site: FakeSite) {
  const { images, storage } = site;
  const shown = (image: FakeImage, outcome: ChangeResult['outcome']): ImageResult => ({
    outcome,
    state: null,
    answer: { image: shownImage(image) },
  });
  /** What an earlier attempt has left of an image that it makes. */
  const lookAfter = async (
    ctx: OperationContext,
    name: string,
    find: () => FakeImage | undefined,
  ): ReturnType<OperationWork<object, ImageResult>['reconcile']> => {
    await site.read(ctx, 'reconcile', name);
    const own = ownOf(ctx, find());
    return own === undefined ? { verdict: 'continue' } : { verdict: 'concluded', result: shown(own, 'done') };
  };

  const importImage: OperationWork<ChangeParams<'importImage'>, ImageResult> = {
    async run(ctx, { name }, { from }) {
      const before = images.get(name);
      const own = ownOf(ctx, before);
      if (own !== undefined) return shown(own, 'done');
      const found = await obtainImage(ctx, site, from);
      if (before !== undefined) return shown(sameImage(before, found), 'already');
      const image = fakeImage(name, from.format ?? found.format, found.holds);
      await site.change(ctx, {
        operation: 'importImage',
        name,
        subject: image,
        doing: `fetching the image ${name}`,
        begin: () => images.set(name, image),
        apply: () => undefined,
      });
      return shown(image, 'done');
    },
    async plan(ctx, { name }, { from }) {
      await site.read(ctx, 'plan', name);
      const found = await obtainImage(ctx, site, from);
      const before = images.get(name);
      if (before === undefined) return [{ action: 'importImage', description: `fetching the image ${name}` }];
      sameImage(before, found);
      return [];
    },
    reconcile: (ctx, { name }) => lookAfter(ctx, name, () => images.get(name)),
  };

  const exportImage: OperationWork<ChangeParams<'exportImage'>, ImageResult> = {
    async run(ctx, { name }, { to }) {
      const image = requireImage(site, name);
      const before = storage.remoteImages.get(placeOf(to));
      const own = ownOf(ctx, before);
      if (own !== undefined) return shown(own, 'done');
      const copy = fakeImage(placeOf(to), to.format ?? image.format, image.holds);
      await site.change(ctx, {
        operation: 'exportImage',
        name: copy.name,
        subject: copy,
        doing: `copying the image ${name}`,
        begin: () => storage.remoteImages.set(copy.name, copy),
        apply: () => undefined,
      });
      return shown(copy, 'done');
    },
    async plan(ctx, { name }) {
      await site.read(ctx, 'plan', name);
      requireImage(site, name);
      return [{ action: 'exportImage', description: `copying the image ${name}` }];
    },
    reconcile: (ctx, { name }, { to }) => lookAfter(ctx, name, () => storage.remoteImages.get(placeOf(to))),
  };

  const removeImage = removalWork<FakeImage>(site, 'removeImage', {
    find: (name) => images.get(name),
    doing: ({ name }) => `removing the image ${name}`,
    check: ({ name }) => refuseNeeded(site, name),
    remove: ({ name }) => images.delete(name),
  });

  return { importImage, exportImage, removeImage, snapshot: instanceWork(site, 'snapshot', snapshotChange(site)) };
}

function snapshotChange(site: FakeSite): FakeChange<ChangeParams<'snapshot'>, { image: Image }> {
  const madeOf = ({ hardware }: FakeInstance, { name, store_at: at }: ChangeParams<'snapshot'>): FakeImage =>
    fakeImage(at === undefined ? name : placeOf(at), at?.format ?? 'qcow2', hardware.root_disk.holds ?? 'nothing');
  const placeFor = ({ store_at: at }: ChangeParams<'snapshot'>): Map<string, FakeImage> =>
    at === undefined ? site.images : site.storage.remoteImages;
  const check = (instance: FakeInstance, { name, quiesce = false, store_at: at }: ChangeParams<'snapshot'>): void => {
    if (quiesce) requireAgent(instance);
    if (at !== undefined || !site.images.has(name)) return;
    throw new ComputeError('ALREADY_EXISTS', `the fake host ${site.name} has another image ${name}`);
  };
  return {
    doing: (instance, { name }) => `saving the root disk of ${instance.name} as ${name}`,
    isSo: () => false,
    check: (_ctx, instance, params) => check(instance, params),
    // The disk as it is now, whatever happens to it while the image is written.
    begin(instance, params) {
      check(instance, params);
      const image = madeOf(instance, params);
      placeFor(params).set(image.name, { ...image, isChanging: true });
    },
    apply(instance, params, _found, now) {
      const image = placeFor(params).get(madeOf(instance, params).name);
      if (image !== undefined) image.isChanging = false;
      if (params.quiesce === true) instance.write(now, 'file systems were held for a moment');
    },
    answer(instance, params) {
      const image = madeOf(instance, params);
      return { image: shownImage(placeFor(params).get(image.name) ?? image) };
    },
  };
}

/** The image, when this very operation has put it there. @throws ComputeError BACKEND_BUSY while anybody does */
function ownOf({ operationId }: OperationContext, image: FakeImage | undefined): FakeImage | undefined {
  if (image === undefined) return undefined;
  refuseWhileChanging(image);
  return hasEnded(image, operationId) ? image : undefined;
}

/** The address that an image is put at, without what may be secret in it. */
function placeOf({ url }: ImageDestination): string {
  return imageName({ source: url });
}

/** @throws ComputeError RESOURCE_NOT_FOUND */
function requireImage(site: FakeSite, name: string): FakeImage {
  const image = site.images.get(name);
  if (image === undefined) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `the fake host ${site.name} has no image ${name}`);
  }
  refuseWhileChanging(image);
  return image;
}

/** @throws ComputeError ALREADY_EXISTS when the name stands for another image */
function sameImage(before: FakeImage, found: FakeImage): FakeImage {
  if (checksumOf(before) === checksumOf(found)) return before;
  throw new ComputeError(
    'ALREADY_EXISTS',
    `there is another image ${before.name}, with the checksum ${checksumOf(before)}`,
  );
}

/** The root disks of instances grow out of the image that they were made of. @throws ComputeError STATE_CONFLICT */
function refuseNeeded(site: FakeSite, name: string): void {
  const user = site.all().find(({ hardware }) => hardware.root_disk.image === name);
  if (user !== undefined) throw new ComputeError('STATE_CONFLICT', `${user.name} needs the image ${name}`);
}
