import { ComputeError } from '../../../common/errors/index.js';
import type { GuestNic, QethDevice } from '../../../first-boot/index.js';
import type { Nic } from '../client/hmc-network.js';

/** The types of NICs that are qeth devices in Linux, which knows them by their device numbers (hmc-dpm.md section 11). */
export const QETH_TYPES: ReadonlyMap<string, QethDevice['type']> = new Map([
  ['osd', 'osa'],
  ['iqd', 'hipersockets'],
]);

/** A NIC of a partition as its guest knows it. @throws ComputeError BACKEND_PROTOCOL when the HMC tells nothing by which it could */
export function guestNic(nic: Nic, addresses: GuestNic['addresses']): GuestNic {
  const { name, type, 'device-number': deviceNumber, 'mac-address': mac } = nic;
  const known = addresses === undefined ? {} : { addresses };
  const kind = QETH_TYPES.get(type ?? '');
  const address = mac ?? undefined;
  if (kind !== undefined && deviceNumber !== undefined && deviceNumber !== null) {
    return { mac: address, qeth: { deviceNumber, type: kind }, ...known };
  }
  if (address !== undefined) return { mac: address, ...known };
  const text = `NIC ${name} has neither the device number of an OSA or HiperSockets adapter nor a MAC address, so its guest cannot be told of it`;
  throw new ComputeError('BACKEND_PROTOCOL', text);
}
