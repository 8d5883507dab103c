import { ComputeError } from '../../common/errors/index.js';
import type { Boot, BootDeviceParams } from '../../compute/contract/index.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { instanceWork, type FakeChange } from './fake-work.js';

/** What instances start from, changed where they are. */
export function fakeBootDevice(site: FakeSite) {
  const setBootDevice: FakeChange<BootDeviceParams> = {
    doing: ({ name }, { boot_device: device }) => `letting ${name} start from its ${device.type}`,
    isSo: (instance, { boot_device: device }) => isSame(instance.hardware.boot, bootFrom(instance, device)),
    check: (_ctx, instance, { boot_device: device }) => void bootFrom(instance, device),
    apply(instance, { boot_device: device, restart = false }, _found, now) {
      instance.hardware = { ...instance.hardware, boot: bootFrom(instance, device) };
      if (!restart || instance.state !== 'running') return;
      instance.enter('shutdown', now);
      instance.enter('running', now);
    },
  };
  return { setBootDevice: instanceWork(site, 'setBootDevice', setBootDevice) };
}

/** @throws ComputeError RESOURCE_NOT_FOUND, AMBIGUOUS */
function bootFrom({ name, hardware }: FakeInstance, device: BootDeviceParams['boot_device']): Boot {
  if (device.type === 'network') {
    const there = hardware.networks.filter(({ mac }) => device.mac === undefined || mac === device.mac.toLowerCase());
    const { name: network } = one(`network interface ${device.mac ?? ''}`.trimEnd(), name, there);
    return { from: 'network', network };
  }
  const volumes = hardware.volumes.filter(({ id }) => device.disk === undefined || id === device.disk);
  if (device.disk === undefined && volumes.length === 0) return { from: 'image' };
  return { from: 'volume', volume: one(`disk ${device.disk ?? ''}`.trimEnd(), name, volumes).id };
}

function one<T>(what: string, instance: string, there: readonly T[]): T {
  const [first, ...others] = there;
  if (first === undefined) throw new ComputeError('RESOURCE_NOT_FOUND', `${instance} has no ${what}`);
  if (others.length === 0) return first;
  throw new ComputeError('AMBIGUOUS', `${instance} has ${there.length} of what is meant by "${what}"; name one`);
}

function isSame(one: Boot, other: Boot): boolean {
  return one.from === other.from && one.volume === other.volume && one.network === other.network;
}

/** @throws ComputeError REQUEST_INVALID when an instance has nothing of the kind to start from */
export function checkBoot(
  boot: Boot,
  { volumes, networks }: { volumes: readonly { id: string }[]; networks: readonly { name: string }[] },
): void {
  const refuse = (text: string): never => {
    throw new ComputeError('REQUEST_INVALID', `boot: ${text}`);
  };
  switch (boot.from) {
    case 'volume':
      if (boot.volume === undefined) {
        if (volumes.length !== 1) refuse('which volume it starts from must be told, unless it has exactly one');
      } else if (!volumes.some(({ id }) => id === boot.volume)) refuse(`it has no volume ${boot.volume}`);
      return;
    case 'network':
      if (boot.network === undefined) {
        if (networks.length === 0) refuse('it has no network to start from');
      } else if (!networks.some(({ name }) => name === boot.network)) refuse(`it has no network ${boot.network}`);
      return;
    case 'ftp':
      return refuse('the fake host does not start instances by FTP');
    case 'image':
    case 'iso':
      return;
  }
}
