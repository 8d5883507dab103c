import type { Network } from '../compute/contract/index.js';

/** A network interface as the guest sees it. */
export type GuestNic = NicIdentity & {
  /** The guest itself tags with this VLAN; not to be given where the hypervisor or adapter does. */
  readonly vlan?: number | undefined;
  /** Without any it asks for one by DHCP. */
  readonly addresses?: Network['addresses'];
};

/** By what the guest knows it: its MAC address, its name, or, on IBM Z, its device number. */
type NicIdentity =
  | { readonly mac: string; readonly name?: string | undefined; readonly qeth?: QethDevice | undefined }
  | { readonly mac?: string | undefined; readonly name: string; readonly qeth?: undefined }
  | { readonly mac?: string | undefined; readonly name?: undefined; readonly qeth: QethDevice };

/** An OSA or HiperSockets device of Linux on IBM Z. */
export interface QethDevice {
  /** Four hexadecimal digits, as DPM has them. */
  readonly deviceNumber: string;
  readonly type: 'osa' | 'hipersockets';
}

/** A longer name is none to Linux (IFNAMSIZ). */
const MAX_NAME = 15;

/**
 * The name of its interface in the guest, which it is given there too when its MAC address is known.
 *
 * @param index its place among the interfaces of the guest
 */
export function nicName({ name, qeth }: GuestNic, index: number): string {
  return name ?? (qeth === undefined ? `nic${index}` : qethName(qeth));
}

/**
 * What systemd calls a qeth device: `enc` and its bus id without leading zeros and dots (systemd.net-naming-scheme, "c
 * CCW bus group"; `net_id` of udev), so `enc1000` for 0.0.1000 and `encb0` for 0.0.00b0.
 */
function qethName({ deviceNumber }: QethDevice): string {
  return `enc${deviceNumber.toLowerCase().replace(/^0{1,3}/, '')}`;
}

/** The id of its first device on the channel subsystem; partitions of DPM have only one. */
export function busId({ deviceNumber }: QethDevice): string {
  return `0.0.${deviceNumber.toLowerCase()}`;
}

/** The first name, or the second one where Linux does not take it. */
export function shortName(wanted: string, otherwise: string): string {
  return wanted.length <= MAX_NAME ? wanted : otherwise;
}
