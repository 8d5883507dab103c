import { ComputeError } from '../../common/errors/index.js';
import type { Network, ChangeParams } from '../../compute/contract/index.js';
import { nextInterface, type FakeInterface } from './fake-hardware.js';
import type { FakeInstance } from './fake-instance.js';
import type { FakeSite } from './fake-site.js';
import { instanceWork, type FakeChange } from './fake-work.js';

/** Network interfaces of instances. */
export function fakeInterfaces(site: FakeSite) {
  const attachInterface: FakeChange<
    ChangeParams<'attachInterface'>,
    { interface: { name: string; mac: string | null } }
  > = {
    doing: ({ name }, { network }) => `attaching ${name} to the network ${network.name}`,
    isSo: (instance, { network }) => network.mac !== undefined && interfaceOf(instance, network.mac) !== undefined,
    check: (_ctx, { id }, { network }) => checkNetwork(site, network, id),
    begin: ({ id }, { network }) => checkNetwork(site, network, id),
    apply(instance, { network }, _found, now) {
      const { networks } = instance.hardware;
      const added = nextInterface(network, instance.id, networks);
      instance.hardware = { ...instance.hardware, networks: [...networks, added] };
      instance.write(now, `${added.device} is there, ${added.mac} on ${network.name}`);
    },
    // Without an address of its own it is the one that came last.
    answer(instance, { network }) {
      const { networks } = instance.hardware;
      const { device, mac } = (network.mac === undefined ? networks.at(-1) : interfaceOf(instance, network.mac)) ?? {};
      return { interface: { name: device ?? network.name, mac: mac ?? null } };
    },
  };

  const detachInterface: FakeChange<ChangeParams<'detachInterface'>> = {
    doing: ({ name }, params) => `detaching the interface ${params.interface} from ${name}`,
    isSo: (instance, params) => interfaceOf(instance, params.interface) === undefined,
    check: () => undefined,
    apply(instance, params, _found, now) {
      const gone = interfaceOf(instance, params.interface);
      const networks = instance.hardware.networks.filter((one) => one !== gone);
      instance.hardware = { ...instance.hardware, networks };
      instance.write(now, `${gone?.device ?? params.interface} is gone`);
    },
  };

  return {
    attachInterface: instanceWork(site, 'attachInterface', attachInterface),
    detachInterface: instanceWork(site, 'detachInterface', detachInterface),
  };
}

/** @throws ComputeError RESOURCE_NOT_FOUND; ALREADY_EXISTS when another instance has the MAC address */
export function checkNetwork(site: FakeSite, { name, mac }: Network, instanceId?: string): void {
  if (!site.settings.networks.includes(name)) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `the fake host ${site.name} has no network ${name}`);
  }
  if (mac === undefined) return;
  const other = site.all().find((one) => one.id !== instanceId && interfaceOf(one, mac) !== undefined);
  if (other !== undefined) {
    throw new ComputeError('ALREADY_EXISTS', `an interface of ${other.name} has the MAC address ${mac}`);
  }
}

function interfaceOf({ hardware }: FakeInstance, name: string): FakeInterface | undefined {
  return hardware.networks.find(({ device, mac }) => device === name || mac === name.toLowerCase());
}
