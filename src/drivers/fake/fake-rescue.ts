import type { ChangeParams } from '../../compute/contract/index.js';
import { ComputeError } from '../../common/errors/index.js';
import { checkBoot } from './fake-boot.js';
import { hasAgent, imageName } from './fake-hardware.js';
import type { FakeImage } from './fake-image.js';
import type { FakeInstance } from './fake-instance.js';
import { keepWhenAsked, obtainImage } from './fake-obtain.js';
import { transitionTo, type FakeSite } from './fake-site.js';
import { instanceWork, requireState, type FakeChange } from './fake-work.js';

/** Starts instances from something else to repair them, and makes them anew. */
export function fakeRescue(site: FakeSite) {
  const rescue: FakeChange<ChangeParams<'rescue'>, object, FakeImage | null> = {
    doing: ({ name }) => `rescuing ${name}`,
    admit({ image, boot }) {
      if (image === undefined || boot === undefined) return;
      throw new ComputeError('REQUEST_INVALID', 'a rescue starts from an image or from something else, not from both');
    },
    isSo: ({ bootBefore }) => bootBefore !== null,
    async check(ctx, instance, { image, boot }) {
      requireState(instance, ['running', 'paused', 'shutdown', 'crashed']);
      if (boot === undefined) return obtainImage(ctx, site, image ?? { source: site.settings.rescue_image });
      checkBoot(boot, instance.hardware);
      return null;
    },
    transition: transitionTo('running'),
    apply(instance, { image, boot }, found, now) {
      const { hardware } = instance;
      instance.bootBefore = hardware.boot;
      instance.hardware = { ...hardware, boot: boot ?? { from: 'image' } };
      keepWhenAsked(site, image, found);
      restart(instance, now, `starting from ${found?.name ?? instance.hardware.boot.from}, to be repaired`);
    },
  };

  const unrescue: FakeChange<object> = {
    doing: ({ name }) => `starting ${name} as before it was rescued`,
    isSo: ({ bootBefore }) => bootBefore === null,
    check: () => undefined,
    transition: transitionTo('running'),
    apply(instance, _params, _found, now) {
      instance.hardware = { ...instance.hardware, boot: instance.bootBefore ?? instance.hardware.boot };
      instance.bootBefore = null;
      restart(instance, now, 'starting as before');
    },
  };

  const rebuild: FakeChange<ChangeParams<'rebuild'>, object, FakeImage> = {
    doing: ({ name }, { image }) => `making ${name} anew from ${imageName(image)}`,
    isSo: () => false,
    check(ctx, instance, { image, reimage_boot_volume: isVolumeWanted = false }) {
      const { name, hardware, bootBefore } = instance;
      if (bootBefore !== null) throw new ComputeError('STATE_CONFLICT', `${name} is being rescued; unrescue ends that`);
      if (hardware.boot.from === 'volume' && !isVolumeWanted) {
        throw new ComputeError(
          'STATE_CONFLICT',
          `${name} starts from the volume ${hardware.boot.volume ?? ''}; reimage_boot_volume writes it anew`,
        );
      }
      return obtainImage(ctx, site, image);
    },
    apply(instance, { image, admin_password: password }, found, now) {
      const { hardware } = instance;
      const { boot, guest, root_disk: root } = hardware;
      if (boot.from === 'volume' && boot.volume !== undefined) site.storage.volume(boot.volume).holds = found.holds;
      instance.hardware = {
        ...hardware,
        has_agent: hasAgent(image),
        root_disk: boot.from === 'volume' ? root : { ...root, image: found.name, holds: found.holds },
        guest: { ...guest, admin_password_set: guest.admin_password_set || password !== undefined },
      };
      keepWhenAsked(site, image, found);
      instance.write(now, `made anew from ${found.name}`);
      if (instance.state === 'running') restart(instance, now, 'starting');
    },
  };

  return {
    rescue: instanceWork(site, 'rescue', rescue),
    unrescue: instanceWork(site, 'unrescue', unrescue),
    rebuild: instanceWork(site, 'rebuild', rebuild),
  };
}

function restart(instance: FakeInstance, now: number, text: string): void {
  if (instance.state !== 'shutdown') instance.enter('shutdown', now);
  instance.write(now, text);
  instance.enter('running', now);
}
