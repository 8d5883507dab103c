import { isDeepStrictEqual } from 'node:util';
import { definedOnly } from '../../common/defined-only.js';
import { ComputeError } from '../../common/errors/index.js';
import type { Flavor, ChangeParams } from '../../compute/contract/index.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { instanceWork, type FakeChange } from './fake-work.js';

/** Another size, to be confirmed or taken back. */
export function fakeSize(site: FakeSite) {
  const resize: FakeChange<ChangeParams<'resize'>> = {
    doing: ({ name }, { flavor }) => `giving ${name} ${flavor.vcpus} processors and ${flavor.memory_mib} MiB of memory`,
    admit: ({ flavor }) => checkFlavor(flavor),
    isSo: ({ hardware }, { flavor }) => isDeepStrictEqual(definedOnly(hardware.flavor), sized(hardware.flavor, flavor)),
    check(_ctx, { name, hardware, flavorBefore }, { flavor }) {
      if (flavorBefore !== null) {
        throw new ComputeError('STATE_CONFLICT', `an earlier resize of ${name} is neither confirmed nor reverted`);
      }
      if (flavor.root_gib !== undefined && flavor.root_gib < hardware.root_disk.size_gib) {
        throw new ComputeError('REQUEST_INVALID', 'flavor.root_gib: the root disk cannot become smaller');
      }
      requireMemory(site, flavor.memory_mib - hardware.flavor.memory_mib);
    },
    apply(instance, { flavor }, _found, now) {
      instance.flavorBefore = instance.hardware.flavor;
      become(instance, sized(instance.hardware.flavor, flavor), now);
    },
  };

  const confirmResize: FakeChange<object> = {
    doing: ({ name }) => `keeping the new size of ${name}`,
    isSo: () => false,
    check: (_ctx, instance) => requireResized(instance),
    apply(instance, _params, _found, now) {
      instance.flavorBefore = null;
      instance.write(now, 'the new size is kept');
    },
  };

  const revertResize: FakeChange<object> = {
    doing: ({ name }) => `giving ${name} its earlier size`,
    isSo: () => false,
    check: (_ctx, instance) => requireResized(instance),
    apply(instance, _params, _found, now) {
      if (instance.flavorBefore !== null) become(instance, instance.flavorBefore, now);
      instance.flavorBefore = null;
    },
  };

  return {
    resize: instanceWork(site, 'resize', resize),
    confirmResize: instanceWork(site, 'confirmResize', confirmResize),
    revertResize: instanceWork(site, 'revertResize', revertResize),
  };
}

/** @throws ComputeError REQUEST_INVALID for what this host knows nothing of */
export function checkFlavor({ extras = {}, memory_mib }: Flavor): void {
  const unknown = Object.keys(extras).find((name) => name !== 'max_memory_mib');
  if (unknown !== undefined) {
    throw new ComputeError('REQUEST_INVALID', `flavor.extras.${unknown}: the fake driver knows max_memory_mib only`);
  }
  const { max_memory_mib: max = memory_mib } = extras;
  if (typeof max !== 'number' || max < memory_mib) {
    throw new ComputeError('REQUEST_INVALID', 'flavor.extras.max_memory_mib: must be a number, at least memory_mib');
  }
}

/** @throws ComputeError CAPACITY_EXHAUSTED when the host has not so much memory left */
export function requireMemory(site: FakeSite, moreMib: number): void {
  const left = memoryLeft(site);
  if (moreMib <= Math.max(0, left)) return;
  throw new ComputeError('CAPACITY_EXHAUSTED', `the fake host ${site.name} has ${left} MiB of memory left`);
}

/** Less than nothing when it was made with more instances than it has room for. */
export function memoryLeft(site: FakeSite): number {
  return site.all().reduce((left, { hardware }) => left - hardware.flavor.memory_mib, site.settings.memory_mib);
}

/** The flavor as an instance has it: a root disk whose size is not asked for stays as it is. */
function sized(before: Flavor, flavor: Flavor): Flavor {
  return definedOnly({ ...flavor, root_gib: flavor.root_gib ?? before.root_gib });
}

function become(instance: FakeInstance, flavor: Flavor, now: number): void {
  const { root_disk: root } = instance.hardware;
  const size = flavor.root_gib ?? root.size_gib;
  const fileSystem = root.config === 'auto' ? size : Math.min(root.file_system_gib, size);
  instance.hardware = {
    ...instance.hardware,
    flavor,
    root_disk: { ...root, size_gib: size, file_system_gib: fileSystem },
  };
  instance.write(now, `${flavor.vcpus} processors, ${flavor.memory_mib} MiB of memory`);
}

/** @throws ComputeError STATE_CONFLICT */
function requireResized({ name, flavorBefore }: FakeInstance): void {
  if (flavorBefore !== null) return;
  throw new ComputeError('STATE_CONFLICT', `${name} has no resize to be confirmed or reverted`);
}
