import { VIRT_FEATURE_IDS, type VirtFeatureId } from '../../../features/index.js';
import { isAtLeast, type ApiVersion } from '../client/hmc-call.js';

/** What decides on the features that a host has at present. */
export interface HostLevel {
  readonly cpc: string;
  readonly mode: 'dpm' | 'classic';
  readonly api: ApiVersion;
  /** Firmware features of the CPC; undefined when they are not told. */
  readonly firmware: ReadonlySet<string> | undefined;
}

/** What LPARs of a CPC in classic mode have too. */
const IN_CLASSIC_MODE: ReadonlySet<VirtFeatureId> = new Set([
  'operation.get-guest-info',
  'operation.get-host-info',
  'operation.reboot',
  'operation.maintenance-mode',
  'operation.service-control',
]);

/** The API that each of these needs (hmc-dpm.md sections 2 and 15). */
const API_NEEDED: ReadonlyMap<VirtFeatureId, readonly [number, number]> = new Map([
  ['console.serial.log', [2, 20]],
  ['console.serial.interactive', [2, 22]],
]);

/** What is a storage group, or needs one. */
const STORAGE_GROUPS = 'dpm-storage-management';
const WITH_STORAGE_GROUPS: readonly VirtFeatureId[] = [
  'storage.block',
  'storage.block.backend.fibrechannel',
  'operation.attach-volume',
  'operation.detach-volume',
  'operation.extend-volume',
  'operation.multiattach-volume',
  'operation.trigger-crash-dump',
];

/** What a host lacks at present of what this driver offers, with the reason. */
export function lackingAt({ cpc, mode, api, firmware }: HostLevel): ReadonlyMap<VirtFeatureId, string> {
  const lacking = new Map<VirtFeatureId, string>();
  if (mode === 'classic') {
    for (const feature of VIRT_FEATURE_IDS) {
      if (IN_CLASSIC_MODE.has(feature)) continue;
      lacking.set(
        feature,
        `CPC ${cpc} is in classic mode: its LPARs are listed, and switched on and off, and nothing else`,
      );
    }
    return lacking;
  }
  for (const [feature, wanted] of API_NEEDED) {
    if (isAtLeast(api, wanted)) continue;
    lacking.set(
      feature,
      `it needs version ${wanted.join('.')} of the Web Services API, and the HMC has ${api.major}.${api.minor}: HMC 2.14.0 with its later bundles, or newer`,
    );
  }
  if (firmware !== undefined && !firmware.has(STORAGE_GROUPS)) {
    for (const feature of WITH_STORAGE_GROUPS) {
      lacking.set(feature, `CPC ${cpc} does not have the firmware feature ${STORAGE_GROUPS}: z14 or newer is needed`);
    }
  }
  return lacking;
}
