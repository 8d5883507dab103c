import { connectListAllNodeDevices, ConnectListAllNodeDeviceFlags, nodeDeviceGetXmlDesc } from 'node-libvirt';
import { ComputeError, type ErrorCode } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import { parseXml } from '../../../connectors/xml/index.js';
import { unlessMissing } from '../client/unless-missing.js';
import { unlessRefused } from '../client/unless-refused.js';
import type { HostDevice } from '../mapping/driver-options.js';
import { zfcpPath } from '../mapping/fibre-channel.js';
import { isMediatedName, isOfType, mediatedType, nodeDeviceName, type MediatedDevice } from '../mapping/node-device.js';
import { DRIVER_NAME, optionPath } from '../mapping/refusal.js';
import type { VirshPlace } from './virsh-place.js';
import { storagePaths } from './volume-lookup.js';
import type { WantedDomain } from './wanted-domain.js';

/** Why a guest cannot have a device. */
interface Lack {
  readonly code: ErrorCode;
  readonly text: string;
}

/**
 * Refuses devices that the host does not have: libvirt itself looks for them when the domain starts. Where it does not tell what the
 * host has, nothing is refused.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND, STATE_CONFLICT for a mediated device that is defined and not started
 */
export async function requireHostDevices(
  ctx: CallContext,
  place: VirshPlace,
  { options: { host_devices: devices = [] } }: Pick<WantedDomain, 'options'>,
): Promise<void> {
  for (const [at, device] of devices.entries()) {
    const lack = await lackOf(ctx, place, device);
    if (lack === undefined) continue;
    const path = optionPath(`host_devices.${at}`);
    throw new ComputeError(lack.code, `${path}: ${lack.text}`, {
      driver: DRIVER_NAME,
      ...(lack.code === 'STATE_CONFLICT' && { retry: 'safe' }),
      details: { path },
    });
  }
}

async function lackOf(ctx: CallContext, place: VirshPlace, device: HostDevice): Promise<Lack | undefined> {
  switch (device.type) {
    case 'pci':
    case 'scsi': {
      const name = nodeDeviceName(device);
      const isThere = await unlessRefused(async () => (await nodeDeviceOf(ctx, place, name)) !== undefined);
      if (isThere !== false) return undefined;
      return missing(`${place.label} has no device ${name} (virsh nodedev-list --cap ${device.type})`);
    }
    case 'vfio-ap':
    case 'vfio-ccw':
      return await mediatedLack(ctx, place, device);
    case 'zfcp': {
      const paths = await unlessRefused(() => storagePaths(ctx, place));
      const path = zfcpPath(device);
      if (paths === undefined || paths.includes(path)) return undefined;
      return missing(`${place.label} sees no device ${path}; zone it, and configure it (chzdev zfcp-lun)`);
    }
  }
}

async function mediatedLack(ctx: CallContext, place: VirshPlace, device: MediatedDevice): Promise<Lack | undefined> {
  const { VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV: flags, VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE: inactive } =
    ConnectListAllNodeDeviceFlags;
  const listed = await unlessRefused(() => namesOf(ctx, place, flags));
  if (listed === undefined) return undefined;
  const what = `mediated device ${device.mdev}`;
  const named = listed.filter((name) => isMediatedName(name, device));
  const [first] = named;
  if (first === undefined) return missing(`${place.label} has no ${what} (virsh nodedev-list --cap mdev)`);
  // An older libvirt knows only those that are started.
  const idle = (await unlessRefused(() => namesOf(ctx, place, flags | inactive))) ?? [];
  const started = named.find((name) => !idle.includes(name));
  if (started === undefined) {
    const text = `the ${what} of ${place.label} is defined and not started (virsh nodedev-start ${first})`;
    return { code: 'STATE_CONFLICT', text };
  }
  const type = await unlessRefused(() => nodeDeviceOf(ctx, place, started).then((xml) => xml && mediatedType(xml)));
  if (type === undefined || isOfType(type, device)) return undefined;
  return missing(`the ${what} of ${place.label} is of type ${type}, and not one of ${device.type}`);
}

async function namesOf(ctx: CallContext, place: VirshPlace, flags: number): Promise<string[]> {
  const { devices } = await place.caller(ctx).call(connectListAllNodeDevices, { flags }, { signal: ctx.signal });
  return devices.map(({ name }) => name);
}

async function nodeDeviceOf(ctx: CallContext, place: VirshPlace, name: string) {
  const options = { signal: ctx.signal };
  const found = await unlessMissing('device', () => place.caller(ctx).call(nodeDeviceGetXmlDesc, { name }, options));
  return found && parseXml(found.xml);
}

function missing(text: string): Lack {
  return { code: 'RESOURCE_NOT_FOUND', text };
}
