import type { ApiLevel } from './api-level.js';
import { refuse } from './hmc-error.js';
import {
  checkUpdate,
  flag,
  initialProperties,
  integer,
  oneOf,
  readOnly,
  rule,
  secret,
  text,
  textOrNull,
  type PropertyRules,
} from './property-rules.js';

/** Stored properties; identity, status and what follows from it are added by the estate. */
export const PARTITION_PROPERTIES: PropertyRules = {
  description: rule('always', text, ''),
  'short-name': rule('stopped', text, ''),
  'partition-id': rule('stopped', textOrNull, null),
  'autogenerate-partition-id': rule('stopped', flag, true),
  'acceptable-status': rule('always', Array.isArray, ['active']),
  'is-locked': readOnly(false),
  'os-name': readOnly(''),
  'os-type': readOnly(''),
  'os-version': readOnly(''),
  'ifl-processors': rule('always', integer(0, 200), 2),
  'cp-processors': rule('always', integer(0, 200), 0),
  'processor-mode': rule('stopped', oneOf('shared', 'dedicated'), 'shared'),
  'initial-ifl-processing-weight': rule('always', integer(1, 999), 100),
  'minimum-ifl-processing-weight': rule('always', integer(1, 999), 1),
  'maximum-ifl-processing-weight': rule('always', integer(1, 999), 999),
  'current-ifl-processing-weight': readOnly(100),
  'ifl-processing-weight-capped': rule('always', flag, false),
  'processor-management-enabled': rule('always', flag, false),
  'initial-memory': rule('always', integer(1, 2 ** 31), 4096),
  'maximum-memory': rule('stopped', integer(1, 2 ** 31), 8192),
  'reserve-resources': rule('always', flag, false),
  'auto-start': readOnly(false),
  'boot-device': rule(
    'always',
    oneOf('none', 'storage-volume', 'storage-adapter', 'network-adapter', 'ftp', 'removable-media', 'iso-image'),
    'none',
  ),
  'boot-timeout': rule('always', integer(60, 600), 60),
  'boot-storage-volume': rule('always', textOrNull, null),
  'boot-configuration-selector': rule('always', integer(0, 30), 0),
  'boot-record-lba': rule('always', text, '0'),
  'boot-load-parameters': rule('always', text, ''),
  'boot-os-specific-parameters': rule('always', text, ''),
  'boot-storage-device': rule('always', textOrNull, null),
  'boot-world-wide-port-name': rule('always', textOrNull, ''),
  'boot-logical-unit-number': rule('always', textOrNull, ''),
  'boot-network-device': rule('always', textOrNull, null),
  'boot-ftp-host': rule('always', textOrNull, null),
  'boot-ftp-username': rule('always', textOrNull, null),
  'boot-ftp-password': secret(),
  'boot-ftp-insfile': rule('always', textOrNull, null),
  'boot-removable-media': rule('always', textOrNull, null),
  'boot-removable-media-type': rule('always', textOrNull, null),
  'boot-iso-image-name': readOnly(null),
  'boot-iso-ins-file': rule('always', textOrNull, null),
  'secure-boot': rule('always', flag, false),
  'secure-execution': readOnly(false),
  'threads-per-processor': readOnly(1),
  'virtual-function-uris': readOnly([]),
  'hba-uris': readOnly([]),
  'storage-group-uris': readOnly([]),
  'tape-link-uris': readOnly([]),
  'partition-link-uris': readOnly([]),
  'crypto-configuration': readOnly(null),
  'degraded-adapters': readOnly([]),
  'access-global-performance-data': rule('always', flag, false),
  'permit-cross-partition-commands': rule('always', flag, false),
  'ssc-host-name': rule('always', textOrNull, null),
  'ssc-master-userid': rule('always', textOrNull, null),
  'ssc-master-pw': secret(),
  'ssc-boot-selection': rule('always', textOrNull, null),
};

/** What must be set, in the same update or before, for a boot device (hmc-dpm.md section 10). */
const BOOT_COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'storage-volume': ['boot-storage-volume'],
  'storage-adapter': ['boot-storage-device', 'boot-world-wide-port-name', 'boot-logical-unit-number'],
  'network-adapter': ['boot-network-device'],
  ftp: ['boot-ftp-host', 'boot-ftp-username', 'boot-ftp-password', 'boot-ftp-insfile'],
  'removable-media': ['boot-removable-media', 'boot-removable-media-type'],
  'iso-image': ['boot-iso-image-name', 'boot-iso-ins-file'],
};

/** The stored properties of a new partition. */
export function initialPartitionProperties(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...initialProperties(PARTITION_PROPERTIES), ...given };
}

/** Checks an update against the rules above. Returns true when it touches what only a stopped partition may change. */
export function checkPartitionUpdate(
  stored: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
  level: ApiLevel,
): boolean {
  const needsStopped = checkUpdate(PARTITION_PROPERTIES, changes, level);
  const after = { ...stored, ...changes };
  const device = after['boot-device'];
  const companions = changes['boot-device'] === undefined ? [] : (BOOT_COMPANIONS[String(device)] ?? []);
  for (const name of companions) {
    if (after[name] === null || after[name] === '') throw refuse.fieldMissing(name);
  }
  return needsStopped;
}
