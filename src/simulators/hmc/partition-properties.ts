import type { ApiLevel } from './api-level.js';
import { refuse } from './hmc-error.js';
import {
  checkCreation,
  checkUpdate,
  flag,
  fraction,
  hex,
  initialProperties,
  integer,
  listOf,
  name,
  oneOf,
  orNull,
  readOnly,
  rule,
  secret,
  shortText,
  since,
  text,
  textOrNull,
  type PropertyRule,
  type PropertyRules,
} from './property-rules.js';
import { PARTITION_STATUSES, PARTITION_TYPES } from './statuses.js';

type Fields = Readonly<Record<string, unknown>>;

const PROCESSORS = ['ifl', 'cp'] as const;
const WEIGHTS = { initial: 100, minimum: 1, maximum: 999 } as const;

/** The properties that exist once for each kind of processor. */
function processorProperties(kind: (typeof PROCESSORS)[number], initial: number): [string, PropertyRule][] {
  return [
    [`${kind}-processors`, rule('always', integer(0, 200), initial)],
    ...Object.entries(WEIGHTS).map(([which, weight]): [string, PropertyRule] => [
      `${which}-${kind}-processing-weight`,
      rule('always', integer(1, 999), weight),
    ]),
    [`current-${kind}-processing-weight`, readOnly(WEIGHTS.initial)],
    [`${kind}-processing-weight-capped`, rule('always', flag, false)],
    [`${kind}-absolute-processor-capping`, rule('always', flag, false)],
    [`${kind}-absolute-processor-capping-value`, rule('always', fraction(0.01, 255), 1)],
  ];
}

const flags = (initial: boolean, ...names: string[]): [string, PropertyRule][] =>
  names.map((property) => [property, rule('always', flag, initial)]);

/** Stored properties; identity, status, and what follows from the devices are added by the estate. */
export const PARTITION_PROPERTIES: PropertyRules = {
  description: rule('always', text, ''),
  'short-name': rule('stopped', (value) => typeof value === 'string' && /^[A-Z0-9@#$]{1,8}$/.test(value), ''),
  'partition-id': rule('stopped', orNull(hex(2)), null),
  'autogenerate-partition-id': rule('stopped', flag, true),
  'acceptable-status': rule('always', listOf(oneOf(...PARTITION_STATUSES)), ['active']),
  'is-locked': readOnly(false),
  'os-name': readOnly(''),
  'os-type': readOnly(''),
  'os-version': readOnly(''),
  ...Object.fromEntries(processorProperties('ifl', 2)),
  ...Object.fromEntries(processorProperties('cp', 0)),
  'processor-mode': rule('stopped', oneOf('shared', 'dedicated'), 'shared'),
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
  'boot-storage-volume': since(2, 23, rule('always', textOrNull, null)),
  'boot-configuration-selector': rule('always', integer(0, 30), 0),
  'boot-record-lba': rule('always', (value) => typeof value === 'string' && /^[0-9a-f]{1,16}$/i.test(value), '0'),
  'boot-load-parameters': since(2, 23, rule('always', shortText(8), '')),
  'boot-os-specific-parameters': rule('always', shortText(256), ''),
  'boot-storage-device': rule('always', textOrNull, null),
  'boot-world-wide-port-name': rule(
    'always',
    orNull((value) => value === '' || hex(16)(value)),
    '',
  ),
  'boot-logical-unit-number': rule(
    'always',
    orNull((value) => value === '' || hex(16)(value)),
    '',
  ),
  'boot-network-device': rule('always', textOrNull, null),
  'boot-ftp-host': rule('always', textOrNull, null),
  'boot-ftp-username': rule('always', textOrNull, null),
  'boot-ftp-password': secret(),
  'boot-ftp-insfile': rule('always', textOrNull, null),
  'boot-removable-media': rule('always', textOrNull, null),
  'boot-removable-media-type': rule('always', orNull(oneOf('cdrom', 'usb')), null),
  'boot-iso-image-name': readOnly(null),
  'boot-iso-ins-file': rule('always', textOrNull, null),
  'secure-boot': since(3, 1, rule('always', flag, false)),
  'secure-execution': since(3, 1, readOnly(false)),
  'threads-per-processor': readOnly(1),
  'virtual-function-uris': readOnly([]),
  'hba-uris': readOnly([]),
  'storage-group-uris': since(2, 23, readOnly([])),
  'tape-link-uris': since(3, 10, readOnly([])),
  'partition-link-uris': since(4, 1, readOnly([])),
  'crypto-configuration': readOnly(null),
  'degraded-adapters': readOnly([]),
  ...Object.fromEntries([
    ...flags(
      false,
      'access-global-performance-data',
      'permit-cross-partition-commands',
      'access-basic-counter-set',
      'access-problem-state-counter-set',
      'access-crypto-activity-counter-set',
      'access-extended-counter-set',
      'access-coprocessor-group-set',
      'access-basic-sampling',
      'access-diagnostic-sampling',
    ),
    ...flags(true, 'permit-des-key-import-functions', 'permit-aes-key-import-functions'),
  ]),
  'permit-ecc-key-import-functions': since(3, 2, rule('always', flag, true)),
  'ssc-host-name': rule('always', textOrNull, null),
  'ssc-master-userid': rule('always', textOrNull, null),
  'ssc-master-pw': secret(),
  'ssc-boot-selection': rule('always', orNull(oneOf('installer', 'appliance')), null),
  'ssc-ipv4-gateway': rule('always', textOrNull, null),
  'ssc-ipv6-gateway': rule('always', textOrNull, null),
  'ssc-dns-servers': rule('always', listOf(text), []),
};

/** What a caller can give: the stored properties, and those that have a place of their own. */
const GIVEN: PropertyRules = {
  ...PARTITION_PROPERTIES,
  name: rule('always', name, ''),
  type: rule('create', oneOf(...PARTITION_TYPES), 'linux'),
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

/** Those without which there is no new partition, beside processors of one kind. */
const REQUIRED = ['name', 'initial-memory', 'maximum-memory'];
const REQUIRED_FOR_SSC = ['ssc-host-name', 'ssc-master-userid', 'ssc-master-pw'];

/** The stored properties of a new partition. */
export function initialPartitionProperties(given: Fields): Record<string, unknown> {
  return { ...initialProperties(PARTITION_PROPERTIES), ...given };
}

/** Checks what a creation is given. Throws 400. */
export function checkNewPartition(given: Fields, level: ApiLevel): void {
  const required = given['type'] === 'ssc' ? [...REQUIRED, ...REQUIRED_FOR_SSC] : REQUIRED;
  for (const property of required) {
    if (given[property] === undefined || given[property] === null) throw refuse.fieldMissing(property);
  }
  if (PROCESSORS.every((kind) => given[`${kind}-processors`] === undefined))
    throw refuse.fieldMissing('ifl-processors');
  checkCreation(GIVEN, given, level);
  checkTogether({ 'ifl-processors': 0, 'cp-processors': 0, ...given }, given);
}

/** Checks an update against the rules above. Returns true when it touches what only a stopped partition may change. */
export function checkPartitionUpdate(type: string, stored: Fields, changes: Fields, level: ApiLevel): boolean {
  const needsStopped = checkUpdate(GIVEN, changes, level);
  checkTogether({ ...stored, ...changes, type }, changes);
  return needsStopped;
}

/** What has to fit together, as far as it is being changed. */
function checkTogether(after: Fields, changes: Fields): void {
  const isChanged = (...names: string[]): boolean => names.some((property) => changes[property] !== undefined);
  const number = (property: string): number => Number(after[property]);
  if (isChanged('initial-memory', 'maximum-memory') && number('maximum-memory') < number('initial-memory')) {
    throw refuse.badValue('maximum-memory', 'below initial-memory');
  }
  if (isChanged('ifl-processors', 'cp-processors') && number('ifl-processors') + number('cp-processors') === 0) {
    throw refuse.badValue('ifl-processors', 'the partition has no processors at all');
  }
  for (const kind of PROCESSORS) {
    const [low, start, high] = (['minimum', 'initial', 'maximum'] as const).map((which) => {
      const property = `${which}-${kind}-processing-weight`;
      return Number(after[property] ?? WEIGHTS[which]);
    });
    const names = Object.keys(WEIGHTS).map((which) => `${which}-${kind}-processing-weight`);
    const isOrdered = Number(low) <= Number(start) && Number(start) <= Number(high);
    if (isChanged(...names) && !isOrdered) {
      throw refuse.badValue(`initial-${kind}-processing-weight`, 'not between minimum and maximum');
    }
  }
  if (isChanged('secure-boot') && after['secure-boot'] === true && (after['type'] ?? 'linux') !== 'linux') {
    throw refuse.badValue('secure-boot', 'the partition is not of type linux');
  }
  const companions = isChanged('boot-device') ? (BOOT_COMPANIONS[String(after['boot-device'])] ?? []) : [];
  for (const property of companions) {
    if (after[property] === undefined || after[property] === null || after[property] === '') {
      throw refuse.fieldMissing(property);
    }
  }
}
