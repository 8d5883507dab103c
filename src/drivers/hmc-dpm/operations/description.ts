import { z } from 'zod';
import { definedOnly } from '../../../common/defined-only.js';
import { ComputeError, describeIssues, type ErrorCode, type JsonValue } from '../../../common/errors/index.js';
import type { ChangeParams, Network, Volume } from '../../../compute/contract/index.js';
import type { PartitionProperties } from '../client/hmc-partitions.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { flavorExtras } from '../mapping/flavor-extras.js';
import { LONGEST_DESCRIPTION } from '../mapping/marks.js';
import { newSize, type SizeProperties } from '../mapping/partition-size.js';
import { admitVolume } from './attachable-volume.js';

export type Description = ChangeParams<'spawn'>;

/** As long as the HMC lets names be. */
const LONGEST_NAME = 64;
/** Room for the marks behind a description. */
const LONGEST_OWN_DESCRIPTION = LONGEST_DESCRIPTION - 400;
/** Storage is given by people and their tools, which take their time. */
const FULFILMENT_TIMEOUT_MS = 3_600_000;

/** A name of a storage group that can stand in a mark. */
const groupName = z
  .string()
  .max(LONGEST_NAME)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?$/, 'must be letters, digits, blanks, or any of . _ -');
const printable = (most: number) =>
  z
    .string()
    .regex(/^[\u0020-\u007e]*$/)
    .max(most);

const StorageSchema = z.strictObject({
  group: groupName.optional(),
  data_gib: z.int().min(1).max(1_048_576).optional(),
  type: z.literal('fcp').optional(),
  connectivity: z.int().min(1).max(64).optional(),
  fulfilment_timeout_ms: z
    .int()
    .min(1000)
    .max(7 * 86_400_000)
    .optional(),
});

const FtpSchema = z.strictObject({
  host: printable(255).min(1),
  user: printable(255).min(1),
  password: z.string().min(1).max(1024),
  insfile: printable(1024).min(1),
});

const SscSchema = z.strictObject({
  host_name: printable(255).min(1),
  userid: printable(32).min(1),
  password: z.string().min(1).max(256),
});

const PARTITION_STATUS = z.enum(['active', 'degraded', 'paused', 'stopped', 'terminated', 'reservation-error']);

/** What may stand under `driver_options.hmc-dpm` of a description. */
const OptionsSchema = z.strictObject({
  type: z.enum(['linux', 'ssc', 'zvm']).default('linux'),
  description: printable(LONGEST_OWN_DESCRIPTION)
    .regex(/^[^[\]]*$/, 'must hold no brackets')
    .optional(),
  partition_id: z
    .string()
    .regex(/^[0-9A-Fa-f]{2}$/, 'must be two hexadecimal digits')
    .transform((text) => text.toUpperCase())
    .optional(),
  boot_load_parameters: printable(8).optional(),
  boot_os_parameters: printable(256).optional(),
  boot_configuration_selector: z.int().min(0).max(30).optional(),
  boot_timeout_s: z.int().min(60).max(600).optional(),
  secure_boot: z.boolean().optional(),
  storage: StorageSchema.optional(),
  ftp: FtpSchema.optional(),
  ssc: SscSchema.optional(),
  acceptable_status: z.array(PARTITION_STATUS).min(1).max(10).optional(),
});
type Options = z.output<typeof OptionsSchema>;

/** What a partition starts from. */
export type BootChoice =
  | { readonly from: 'nothing' | 'root' | 'ftp' | 'ssc' }
  | { readonly from: 'volume'; readonly volume: Volume }
  | { readonly from: 'network'; readonly network: Network };

/** The storage group that is made for a partition and goes with it. */
export interface RootStorage {
  readonly group: string;
  readonly rootGib: number;
  readonly dataGib: number | undefined;
  readonly connectivity: number | undefined;
  readonly fulfilmentTimeoutMs: number;
}

/** A description in the words of the HMC. */
export interface WantedPartition {
  readonly name: string;
  readonly description: string;
  readonly size: SizeProperties;
  /** What a new partition is given beside its name, its description and its size. */
  readonly properties: PartitionProperties;
  readonly networks: readonly Network[];
  readonly volumes: readonly Volume[];
  readonly root: RootStorage | undefined;
  readonly boot: BootChoice;
  readonly isSecureBoot: boolean;
  readonly start: boolean;
}

/** Reads a description, and refuses what this driver can never honour. @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
export function admitDescription(description: Description): WantedPartition {
  const { name, flavor, networks = [], volumes = [], start = true } = description;
  if (name.length > LONGEST_NAME) throw invalid('name', `must be ${LONGEST_NAME} characters at most`);
  refuseUnbuilt(description);
  const extras = flavorExtras(flavor);
  const options = optionsOf(description);
  refuseTwice(
    'volumes',
    volumes.map(({ id }) => id.toUpperCase()),
  );
  refuseTwice(
    'networks',
    networks.flatMap(({ mac }) => (mac === undefined ? [] : [mac.toUpperCase()])),
  );
  for (const volume of volumes) admitVolume(volume);
  const root = rootOf(description, options);
  const boot = bootOf(description, options, root);
  refuseOptions(options, boot);
  return {
    name,
    description: options.description ?? '',
    size: newSize(flavor, extras),
    properties: propertiesOf(options, boot),
    networks,
    volumes,
    root,
    boot,
    isSecureBoot: options.secure_boot ?? false,
    start,
  };
}

/** @throws ComputeError REQUEST_INVALID when it is to be started, and there is nothing to start from */
export function requireBootable({ boot, start }: WantedPartition): void {
  if (!start || boot.from !== 'nothing') return;
  throw invalid(
    'boot',
    'there is nothing to start from: give flavor.root_gib, a volume with boot true, or boot.from (network, ftp), or start false',
  );
}

function optionsOf({ driver_options: options }: Description): Options {
  const parsed = OptionsSchema.safeParse(options?.[DRIVER_NAME] ?? {});
  if (parsed.success) return parsed.data;
  const { text, details } = describeIssues(parsed.error.issues);
  throw new ComputeError('REQUEST_INVALID', `driver_options.${DRIVER_NAME}: ${text}`, {
    driver: DRIVER_NAME,
    details: { mistakes: details },
  });
}

/** What no feature of the matrix answers for, and what comes with an image. */
function refuseUnbuilt(description: Description): void {
  const { boot, firmware } = description;
  if (firmware === 'bios') throw limited('firmware', 'IBM Z firmware boots by IPL, and has no other way');
  if (description.image !== undefined || boot?.from === 'image' || boot?.from === 'iso') {
    throw limited(
      description.image === undefined ? 'boot.from' : 'image',
      'partitions are not started from images yet',
    );
  }
  for (const field of ['user_data', 'ssh_keys', 'admin_password', 'metadata'] as const) {
    const value = description[field];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw limited(field, 'nothing is told to the guest at its first start yet');
  }
}

function rootOf({ name, flavor }: Description, { storage }: Options): RootStorage | undefined {
  const path = optionPath('storage');
  if (flavor.root_gib === undefined) {
    if (storage === undefined) return undefined;
    throw invalid(path, 'is about the root disk, so that it goes with flavor.root_gib');
  }
  const group = storage?.group ?? name;
  if (!groupName.safeParse(group).success) {
    throw invalid(`${path}.group`, `"${group}" cannot be the name of a storage group made here; give another one`);
  }
  return {
    group,
    rootGib: flavor.root_gib,
    dataGib: storage?.data_gib,
    connectivity: storage?.connectivity,
    fulfilmentTimeoutMs: storage?.fulfilment_timeout_ms ?? FULFILMENT_TIMEOUT_MS,
  };
}

function bootOf(description: Description, { type, ftp }: Options, root: RootStorage | undefined): BootChoice {
  const { boot, networks = [], volumes = [] } = description;
  if (type === 'ssc') {
    if (boot !== undefined) throw limited('boot', 'a partition of type ssc starts its installer or its appliance');
    return { from: 'ssc' };
  }
  switch (boot?.from) {
    case 'network':
      return { from: 'network', network: theOne('network', networks, ({ name }) => name, boot.network) };
    case 'volume': {
      const flagged = volumes.filter((volume) => volume.boot === true);
      return {
        from: 'volume',
        volume: theOne('volume', flagged.length > 0 ? flagged : volumes, ({ id }) => id, boot.volume),
      };
    }
    case 'ftp':
      if (ftp === undefined)
        throw invalid(optionPath('ftp'), 'is where boot.from ftp starts from: host, user, password, insfile');
      return { from: 'ftp' };
    case 'image':
    case 'iso':
    case undefined: {
      const [first, second] = volumes.filter((volume) => volume.boot === true);
      if (second !== undefined) throw invalid('volumes', 'only one of them can have boot true');
      if (first !== undefined) return { from: 'volume', volume: first };
      return { from: root === undefined ? 'nothing' : 'root' };
    }
  }
}

/** The one that is named, or the only one there is. */
function theOne<T>(
  field: 'volume' | 'network',
  all: readonly T[],
  nameOf: (one: T) => string,
  wanted: string | undefined,
): T {
  const found = wanted === undefined ? all : all.filter((one) => nameOf(one) === wanted);
  const [only, another] = found;
  if (only === undefined) {
    throw wanted === undefined
      ? invalid('boot.from', `the description has no ${field} to start from`)
      : invalid(`boot.${field}`, `the description has no ${field} ${wanted}`);
  }
  if (another !== undefined && nameOf(another) !== nameOf(only))
    throw invalid(`boot.${field}`, `must say from which ${field} it starts: there are ${found.length}`);
  return only;
}

/** Options that contradict each other, or what the partition starts from. */
function refuseOptions(options: Options, boot: BootChoice): void {
  const { type, ssc, ftp, secure_boot: secureBoot } = options;
  if (type === 'ssc' && ssc === undefined) {
    throw invalid(optionPath('ssc'), 'is needed for the type ssc: host_name, userid, password');
  }
  if (type !== 'ssc' && ssc !== undefined) throw invalid(optionPath('ssc'), 'only for the type ssc');
  if (ftp !== undefined && boot.from !== 'ftp') throw invalid(optionPath('ftp'), 'only with boot.from ftp');
  if (secureBoot === true && (type !== 'linux' || (boot.from !== 'volume' && boot.from !== 'root'))) {
    throw invalid(optionPath('secure_boot'), 'only for the type linux that starts from a volume');
  }
}

function propertiesOf(options: Options, boot: BootChoice): PartitionProperties {
  const { partition_id: id, ftp, ssc } = options;
  return definedOnly<Record<string, JsonValue | undefined>>({
    type: options.type,
    ...(id === undefined ? {} : { 'partition-id': id, 'autogenerate-partition-id': false }),
    'boot-load-parameters': options.boot_load_parameters,
    'boot-os-specific-parameters': options.boot_os_parameters,
    'boot-configuration-selector': options.boot_configuration_selector,
    'boot-timeout': options.boot_timeout_s,
    'acceptable-status': options.acceptable_status,
    ...(ftp === undefined || boot.from !== 'ftp'
      ? {}
      : {
          'boot-device': 'ftp',
          'boot-ftp-host': ftp.host,
          'boot-ftp-username': ftp.user,
          'boot-ftp-password': ftp.password,
          'boot-ftp-insfile': ftp.insfile,
        }),
    ...(ssc === undefined
      ? {}
      : {
          'ssc-host-name': ssc.host_name,
          'ssc-master-userid': ssc.userid,
          'ssc-master-pw': ssc.password,
        }),
  });
}

function refuseTwice(field: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(field, `${twice} is there twice`);
}

function optionPath(name: string): string {
  return `driver_options.${DRIVER_NAME}.${name}`;
}

function invalid(path: string, text: string): ComputeError {
  return refusal('REQUEST_INVALID', path, text);
}

function limited(path: string, text: string): ComputeError {
  return refusal('FEATURE_LIMITED', path, text);
}

function refusal(code: ErrorCode, path: string, text: string): ComputeError {
  return new ComputeError(code, `${path}: ${text}`, { driver: DRIVER_NAME, details: { path } });
}
