import { ComputeError } from '../../../common/errors/index.js';
import type { Volume } from '../../../compute/contract/index.js';
import { DRIVER_NAME, invalid } from './refusal.js';

type FibreChannel = Extract<Volume['connection'], { type: 'fibre_channel' }>;

/** Where udev names the device of a logical unit by its way: behind FCP of IBM Z, and behind an adapter on PCI. */
const BY_PATH = '/dev/disk/by-path/';

/**
 * The host's device of a logical unit, of the first of the target ports that it sees.
 *
 * @param devicePaths names of the host's block devices, as libvirt's list of node devices has them
 * @throws ComputeError RESOURCE_NOT_FOUND, REQUEST_INVALID
 */
export function fibreChannelPath(
  field: string,
  { wwpns = [], lun = 0 }: FibreChannel,
  devicePaths: readonly string[],
): string {
  const unit = fcpLun(field, lun);
  const endings = wwpns.flatMap((wwpn) => {
    const port = `0x${plainHex(wwpn)}`;
    return [`-zfcp-${port}:0x${unit}`, `-fc-${port}-lun-${udevLun(unit)}`];
  });
  for (const ending of endings) {
    const found = devicePaths.find((path) => path.startsWith(BY_PATH) && path.toLowerCase().endsWith(ending));
    if (found !== undefined) return found;
  }
  throw new ComputeError(
    'RESOURCE_NOT_FOUND',
    `${field}: the host sees no device ${BY_PATH}… with ${endings.join(', ')}; zone it, and on IBM Z configure it (chzdev zfcp-lun)`,
    { driver: DRIVER_NAME, details: { path: field } },
  );
}

/** The device of a logical unit behind one FCP device of IBM Z. */
export function zfcpPath({ adapter, wwpn, lun }: { adapter: string; wwpn: string; lun: string }): string {
  return `${BY_PATH}ccw-${adapter}-zfcp-0x${plainHex(wwpn)}:0x${plainHex(lun)}`;
}

/**
 * A logical unit as FCP has it: 16 hexadecimal digits. Small numbers are those of peripheral device addressing, larger ones of
 * flat space addressing (SAM-5, 4.7).
 *
 * @throws ComputeError REQUEST_INVALID
 */
function fcpLun(field: string, lun: string | number): string {
  const digits = typeof lun === 'string' ? plainHex(lun) : '';
  if (digits.length === 16) return digits;
  const value = typeof lun === 'number' ? lun : Number.parseInt(digits, 16);
  if (value > 0x3fff) throw invalid(`${field}.lun`, 'must be below 16384, or all 16 hexadecimal digits');
  return (value < 256 ? value : 0x4000 | value).toString(16).padStart(4, '0').padEnd(16, '0');
}

/** As udev writes it behind an adapter on PCI ("format_lun_number" of its path_id). */
function udevLun(lun: string): string {
  const value = Number.parseInt(lun.slice(0, 4), 16);
  return value < 256 && /^0*$/.test(lun.slice(4)) ? String(value) : `0x${lun}`;
}

function plainHex(text: string): string {
  return text.toLowerCase().replace(/^0x/, '');
}
