import { ComputeError } from '../../common/errors/index.js';
import type { Volume, ChangeParams } from '../../compute/contract/index.js';
import { keptVolume, nextVolume, type FakeVolume } from './fake-hardware.js';
import type { FakeInstance } from './fake-instance.js';
import { refuseByteLimits } from './fake-limits.js';
import type { FakeSite } from './fake-site.js';
import { instanceWork, type FakeChange } from './fake-work.js';

/** Volumes of instances. What a volume holds is kept for all hosts of the estate, so that it outlives its instances. */
export function fakeVolumes(site: FakeSite) {
  const { storage } = site;
  // Two instances that ask for a volume at the same time do not both get it.
  const take = (volume: Volume, instanceId: string): void => {
    checkVolume(site, volume, instanceId);
    storage.hold(volume, instanceId);
  };

  const attachVolume: FakeChange<ChangeParams<'attachVolume'>, { device: string | null }> = {
    doing: ({ name }, { volume }) => `attaching the volume ${volume.id} to ${name}`,
    admit: ({ volume }) => refuseByteLimits(volume.limits),
    isSo: (instance, { volume }) => volumeOf(instance, volume.id) !== undefined,
    check: (_ctx, { id }, { volume }) => checkVolume(site, volume, id),
    begin: ({ id }, { volume }) => take(volume, id),
    apply(instance, { volume }, _found, now) {
      const { volumes } = instance.hardware;
      const added = nextVolume(volume, storage.volume(volume.id).sizeGib, volumes);
      withVolumes(instance, [...volumes, added]);
      instance.write(now, `the volume ${volume.id} is /dev/${added.device}`);
    },
    answer: (instance, { volume }) => ({ device: volumeOf(instance, volume.id)?.device ?? null }),
  };

  const detachVolume: FakeChange<ChangeParams<'detachVolume'>> = {
    doing: ({ name }, { volume }) => `detaching the volume ${volume} from ${name}`,
    isSo: (instance, { volume }) => volumeOf(instance, volume) === undefined,
    check(_ctx, { name, state, hardware: { boot } }, { volume }) {
      if (state === 'shutdown' || boot.from !== 'volume' || boot.volume !== volume) return;
      throw new ComputeError('STATE_CONFLICT', `${name} has started from the volume ${volume}; switch it off first`);
    },
    apply(instance, { volume }, _found, now) {
      withVolumes(
        instance,
        instance.hardware.volumes.filter(({ id }) => id !== volume),
      );
      storage.release(volume, instance.id);
      instance.write(now, `the volume ${volume} is gone`);
    },
  };

  const swapVolume: FakeChange<ChangeParams<'swapVolume'>> = {
    doing: ({ name }, { volume, new_volume }) => `copying the volume ${volume} of ${name} to ${new_volume.id}`,
    admit: ({ new_volume }) => refuseByteLimits(new_volume.limits),
    isSo: (instance, { volume, new_volume }) =>
      volumeOf(instance, volume) === undefined && volumeOf(instance, new_volume.id) !== undefined,
    check(_ctx, instance, { volume, new_volume }) {
      requireVolume(instance, volume);
      if (volumeOf(instance, new_volume.id) !== undefined) {
        throw new ComputeError('STATE_CONFLICT', `${instance.name} has the volume ${new_volume.id} already`);
      }
      checkVolume(site, new_volume, instance.id);
    },
    begin: ({ id }, { new_volume }) => take(new_volume, id),
    apply(instance, { volume, new_volume }, _found, now) {
      const from = storage.volume(volume);
      const to = storage.volume(new_volume.id);
      to.holds = from.holds;
      to.sizeGib = Math.max(to.sizeGib, from.sizeGib);
      withVolumes(
        instance,
        instance.hardware.volumes.map((one) =>
          one.id === volume ? keptVolume(new_volume, to.sizeGib, one.device) : one,
        ),
      );
      storage.release(volume, instance.id);
      instance.write(now, `the volume ${new_volume.id} has the place of ${volume}`);
    },
  };

  const extendVolume: FakeChange<ChangeParams<'extendVolume'>> = {
    doing: ({ name }, { volume, size_gib }) => `letting ${name} see ${size_gib} GiB of the volume ${volume}`,
    isSo: (instance, { volume, size_gib }) => volumeOf(instance, volume)?.size_gib === size_gib,
    check(_ctx, instance, { volume, size_gib }) {
      if (requireVolume(instance, volume).size_gib < size_gib) return;
      throw new ComputeError('REQUEST_INVALID', `size_gib: the volume ${volume} is larger, and cannot become smaller`);
    },
    apply(instance, { volume, size_gib }, _found, now) {
      storage.volume(volume).sizeGib = size_gib;
      withVolumes(
        instance,
        instance.hardware.volumes.map((one) => (one.id === volume ? { ...one, size_gib } : one)),
      );
      instance.write(now, `the volume ${volume} has ${size_gib} GiB`);
    },
  };

  return {
    attachVolume: instanceWork(site, 'attachVolume', attachVolume),
    detachVolume: instanceWork(site, 'detachVolume', detachVolume),
    swapVolume: instanceWork(site, 'swapVolume', swapVolume),
    extendVolume: instanceWork(site, 'extendVolume', extendVolume),
  };
}

/** @throws ComputeError RESOURCE_NOT_FOUND when the host does not reach it; as `FakeStorage.check` */
export function checkVolume(site: FakeSite, volume: Volume, instanceId?: string): void {
  if (site.settings.unreachable_volumes.includes(volume.id)) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `the fake host ${site.name} does not reach the volume ${volume.id}`);
  }
  site.storage.check(volume, instanceId);
}

function volumeOf({ hardware }: FakeInstance, id: string): FakeVolume | undefined {
  return hardware.volumes.find((volume) => volume.id === id);
}

/** @throws ComputeError RESOURCE_NOT_FOUND */
function requireVolume(instance: FakeInstance, id: string): FakeVolume {
  const volume = volumeOf(instance, id);
  if (volume !== undefined) return volume;
  throw new ComputeError('RESOURCE_NOT_FOUND', `${instance.name} has no volume ${id}`);
}

function withVolumes(instance: FakeInstance, volumes: readonly FakeVolume[]): void {
  instance.hardware = { ...instance.hardware, volumes };
}
