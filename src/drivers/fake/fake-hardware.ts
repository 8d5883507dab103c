import { bareAddress } from '../../common/secret.js';
import type {
  Boot,
  DiskLimits,
  Flavor,
  GuestFile,
  FirewallRule,
  ImageSource,
  Network,
  OperationParams,
  Volume,
} from '../../compute/contract/index.js';

/** A volume that an instance has. That its key and its password were right is all that is kept of them. */
export interface FakeVolume extends Omit<Volume, 'connection' | 'encryption'> {
  readonly connection: object;
  readonly encryption?: { readonly format: string };
  /** Its name in the guest. */
  readonly device: string;
  readonly size_gib: number;
}

export interface FakeInterface extends Network {
  /** Its name at the host. */
  readonly device: string;
  readonly mac: string;
}

export interface FakeRootDisk {
  /** Name or address of the image that it was made of. */
  readonly image: string | null;
  /** What is on it. */
  readonly holds: string | null;
  readonly size_gib: number;
  /** How much of it the root file system fills once the guest has started. */
  readonly file_system_gib: number;
  readonly limits: DiskLimits | null;
  readonly config: 'auto' | 'manual' | null;
}

/** What the guest was given at its making. Of what is secret, that it was given. */
export interface FakeGuest {
  readonly user_data_set: boolean;
  readonly admin_password_set: boolean;
  readonly ssh_keys: number;
  readonly files: readonly { readonly path: string; readonly mode: string; readonly size_bytes: number }[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * What an instance is made of, in the words of its description, as `compute.get_info` shows it under `native`. It is replaced
 * and never changed, so that what was there before can be put back exactly.
 */
export interface FakeHardware {
  readonly flavor: Flavor;
  readonly boot: Boot;
  readonly root_disk: FakeRootDisk;
  readonly networks: readonly FakeInterface[];
  readonly volumes: readonly FakeVolume[];
  readonly firmware: 'bios' | 'uefi';
  readonly firmware_stateless: boolean;
  readonly tpm: { readonly version: string; readonly model: string } | null;
  readonly security_groups: readonly string[];
  readonly firewall_rules: readonly FirewallRule[];
  readonly config_drive: boolean;
  /** Is there an agent in the guest? Not when its image says hw_qemu_guest_agent: no. */
  readonly has_agent: boolean;
  readonly guest: FakeGuest;
}

/** Size of what is in every image, and of a root disk that none is asked for. */
export const IMAGE_GIB = 2;

/** What the instances have that are there from the beginning. */
export const DEFAULT_HARDWARE: FakeHardware = {
  flavor: { vcpus: 2, memory_mib: 4096, root_gib: 10 },
  boot: { from: 'image' },
  root_disk: { image: null, holds: null, size_gib: 10, file_system_gib: 10, limits: null, config: null },
  networks: [],
  volumes: [],
  firmware: 'bios',
  firmware_stateless: false,
  tpm: null,
  security_groups: [],
  firewall_rules: [],
  config_drive: false,
  has_agent: true,
  guest: { user_data_set: false, admin_password_set: false, ssh_keys: 0, files: [], metadata: {} },
};

/** An instance of this description, without its volumes and interfaces. */
export function hardwareOf(
  description: OperationParams<'compute.spawn'>,
  image: { readonly name: string; readonly holds: string } | null,
): FakeHardware {
  const { flavor, tpm, firmware_stateless = false } = description;
  const size = flavor.root_gib ?? IMAGE_GIB;
  return {
    flavor: { ...flavor, root_gib: size },
    boot: bootOf(description),
    root_disk: {
      image: image?.name ?? null,
      holds: image?.holds ?? null,
      size_gib: size,
      file_system_gib: description.disk_config === 'auto' ? size : Math.min(size, IMAGE_GIB),
      limits: description.disk_limits ?? null,
      config: description.disk_config ?? null,
    },
    networks: [],
    volumes: [],
    firmware: description.firmware ?? (firmware_stateless ? 'uefi' : 'bios'),
    firmware_stateless,
    tpm: tpm === undefined ? null : { version: tpm.version, model: tpm.model ?? 'tis' },
    security_groups: description.security_groups ?? [],
    firewall_rules: description.firewall_rules ?? [],
    config_drive: description.config_drive ?? false,
    has_agent: hasAgent(description.image),
    guest: {
      user_data_set: description.user_data !== undefined,
      admin_password_set: description.admin_password !== undefined,
      ssh_keys: description.ssh_keys?.length ?? 0,
      files: (description.files ?? []).map((file) => ({
        path: file.path,
        mode: file.mode ?? '0644',
        size_bytes: fileSize(file),
      })),
      metadata: description.metadata ?? {},
    },
  };
}

function bootOf({ boot, volumes = [], networks = [], image }: OperationParams<'compute.spawn'>): Boot {
  const volume = volumes.find((one) => one.boot === true)?.id;
  if (boot?.from === 'volume') return { ...boot, volume: boot.volume ?? volume ?? volumes[0]?.id };
  if (boot !== undefined) return boot;
  if (volume !== undefined) return { from: 'volume', volume };
  return { from: image === undefined && networks.length > 0 ? 'network' : 'image' };
}

export function hasAgent(image: ImageSource | undefined): boolean {
  return image?.properties?.['hw_qemu_guest_agent'] !== 'no';
}

export function fileSize({ content }: GuestFile): number {
  return Buffer.byteLength(content, 'base64');
}

/** The next interface of an instance. */
export function nextInterface(network: Network, instanceId: string, others: readonly FakeInterface[]): FakeInterface {
  const number = nextFree(others, (at) => `nic${at}`);
  const tail = `${instanceId.replaceAll('-', '')}${number.toString(16).padStart(2, '0')}`.slice(-6);
  const mac = network.mac?.toLowerCase() ?? `52:54:00:${tail.match(/../g)?.join(':') ?? ''}`;
  return { ...network, mac, device: `nic${number}` };
}

/** The next volume of an instance; its root disk is `vda`. */
export function nextVolume(volume: Volume, sizeGib: number, others: readonly FakeVolume[]): FakeVolume {
  return keptVolume(volume, sizeGib, deviceName(nextFree(others, (at) => deviceName(at + 1)) + 1));
}

/** A volume in a certain place, without its secrets. */
export function keptVolume({ connection, encryption, ...rest }: Volume, sizeGib: number, device: string): FakeVolume {
  const auth =
    connection.type === 'iscsi' && connection.auth !== undefined ? { user: connection.auth.user } : undefined;
  return {
    ...rest,
    connection: { ...connection, ...(auth === undefined ? {} : { auth }) },
    ...(encryption === undefined ? {} : { encryption: { format: encryption.format } }),
    device,
    size_gib: sizeGib,
  };
}

/** By which an image is known: its name on the host, or its address without what may be secret in it, as all of its query. */
export function imageName({ source }: Pick<ImageSource, 'source'>): string {
  return isAddress(source) ? bareAddress(source).replace(/\?.*$/, '') : source;
}

export function isAddress(source: string): boolean {
  return /^[a-z]+:/.test(source) && URL.canParse(source);
}

function nextFree(taken: readonly { readonly device: string }[], nameOf: (at: number) => string): number {
  let at = 0;
  while (taken.some(({ device }) => device === nameOf(at))) at += 1;
  return at;
}

function deviceName(at: number): string {
  const letter = String.fromCharCode(97 + (at % 26));
  return `vd${at < 26 ? '' : String.fromCharCode(96 + Math.floor(at / 26))}${letter}`;
}
