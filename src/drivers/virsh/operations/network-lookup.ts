import {
  interfaceGetXmlDesc,
  interfaceLookupByName,
  networkGetXmlDesc,
  networkIsActive,
  networkLookupByName,
  type Caller,
  type CallOptions,
} from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import { parseXml } from '../../../connectors/xml/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { hostNetworkSource, networkSource, type NetworkSource } from '../mapping/network-source.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import type { HostPlace } from './virsh-place.js';

/** What is behind a name, and whether guests can be plugged into it now. */
interface FoundNetwork {
  readonly source: NetworkSource;
  readonly isActive: boolean;
}

/**
 * What an interface is connected to that is said to be on this network: a network of libvirt's of this name, or else a bridge or a device
 * of the host. A bridge of Open vSwitch is a device like others to libvirt: the settings say which are such bridges.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND, STATE_CONFLICT for a network that is not started; the failure of libvirt
 */
export async function networkSourceOf(ctx: CallContext, place: HostPlace, name: string): Promise<NetworkSource> {
  const caller = place.caller(ctx);
  const options = { signal: ctx.signal };
  const { openvswitch_bridges: openVswitches } = place.settings;
  const found = (await networkOf(caller, name, options)) ?? (await hostDeviceOf(caller, name, openVswitches, options));
  if (found === undefined) throw noNetwork(place, 'network, bridge or network device', name);
  if (found.isActive) return found.source;
  throw new ComputeError('STATE_CONFLICT', `the network ${name} of ${place.label} is not started (virsh net-start)`, {
    driver: DRIVER_NAME,
    retry: 'safe',
    details: { network: name },
  });
}

/**
 * Refuses a device of the host that is not there, whatever networks of libvirt's are called.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND; the failure of libvirt
 */
export async function requireHostDevice(ctx: CallContext, place: HostPlace, name: string): Promise<void> {
  const found = await hostDeviceOf(place.caller(ctx), name, [], { signal: ctx.signal });
  if (found === undefined) throw noNetwork(place, 'network device', name);
}

function noNetwork(place: HostPlace, what: string, name: string): ComputeError {
  return new ComputeError('RESOURCE_NOT_FOUND', `${place.label} has no ${what} ${name}; names are case-sensitive`, {
    driver: DRIVER_NAME,
    details: { network: name },
  });
}

async function networkOf(caller: Caller, name: string, options: CallOptions): Promise<FoundNetwork | undefined> {
  return await unlessMissing('network', async () => {
    const { network } = await caller.call(networkLookupByName, { name }, options);
    const [{ xml }, { active: isActive }] = await Promise.all([
      caller.call(networkGetXmlDesc, { network }, options),
      caller.call(networkIsActive, { network }, options),
    ]);
    return { source: networkSource(parseXml(xml)), isActive };
  });
}

/** One that is down is taken: libvirt brings up what it plugs guests into. */
async function hostDeviceOf(
  caller: Caller,
  name: string,
  openVswitches: readonly string[],
  options: CallOptions,
): Promise<FoundNetwork | undefined> {
  return await unlessMissing('interface', async () => {
    const { interface: found } = await caller.call(interfaceLookupByName, { name }, options);
    const { xml } = await caller.call(interfaceGetXmlDesc, { interface: found }, options);
    return { source: hostNetworkSource(parseXml(xml), openVswitches), isActive: true };
  });
}

/** A daemon without a driver for it has none either. */
async function unlessMissing<T>(what: 'network' | 'interface', look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.missing === what || failure?.native === 'VIR_ERR_NO_SUPPORT') return undefined;
    throw error;
  }
}
