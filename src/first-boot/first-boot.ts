import { createHash } from 'node:crypto';
import type { GuestFile, OperationParams, SeedContent } from '../compute/contract/index.js';
import { cloudYaml } from './cloud-yaml.js';
import type { GuestNic } from './guest-nic.js';
import { bridgeCommands } from './kvm-host.js';
import { networkConfig } from './network-config.js';
import { sha512Crypt } from './sha512-crypt.js';
import { NOTHING, userData } from './user-data.js';

/** What a guest is to be at its first start. */
export interface FirstBoot {
  /** By which cloud-init knows a first start: another one makes it start over. */
  readonly instanceId: string;
  /** Of the instance; its host name is made of it. */
  readonly name: string;
  readonly userData?: string | undefined;
  readonly sshKeys?: readonly string[] | undefined;
  /** Of the user that the image has for its administrator ("default user" in cloud-init's words), who may become root. */
  readonly adminPassword?: string | undefined;
  /** The same as an earlier first start had it ({@link hashedPassword}), where the password itself is known to nobody any more. */
  readonly passwordHash?: string | undefined;
  readonly files?: readonly GuestFile[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly diskConfig?: 'auto' | 'manual' | undefined;
  /** In the order of the description. */
  readonly nics: readonly GuestNic[];
  /** It is to run virtual machines: a bridge on each interface, and on IBM Z what these need behind an adapter. */
  readonly isKvmHost?: boolean | undefined;
}

type Described = Pick<
  OperationParams<'compute.spawn'>,
  'name' | 'user_data' | 'ssh_keys' | 'admin_password' | 'files' | 'metadata' | 'disk_config'
>;

/** A first start as the description of an instance has it. */
export function firstBootOf(
  { name, user_data, ssh_keys, admin_password, files, metadata, disk_config }: Described,
  more: Pick<FirstBoot, 'instanceId' | 'nics' | 'isKvmHost' | 'passwordHash'>,
): FirstBoot {
  return {
    ...more,
    name,
    userData: user_data,
    sshKeys: ssh_keys,
    adminPassword: admin_password,
    files,
    metadata,
    diskConfig: disk_config,
  };
}

/**
 * The files of a NoCloud seed (cloud-init, "NoCloud"). The same first start gives the same files.
 *
 * All of ours is in `meta-data` and `user-data`: cloud-init reads `vendor-data` last and goes on without it when it cannot, and
 * whoever writes user data can switch it off.
 *
 * @throws ComputeError REQUEST_INVALID when the caller's user data cannot stand beside the rest
 */
export function seedContent(firstBoot: FirstBoot): SeedContent {
  const { nics, isKvmHost = false } = firstBoot;
  return {
    'meta-data': cloudYaml(metaData(firstBoot)),
    'user-data': userData(firstBoot.userData, cloudConfig(firstBoot)),
    'vendor-data': NOTHING,
    'network-config': networkConfig(nics, { bridges: isKvmHost }),
  };
}

/** The label that cloud-init looks for on a medium with a seed. */
export const SEED_LABEL = 'cidata';

/** The files of a medium with this seed, in its root directory. */
export function seedMedium(content: SeedContent): ReadonlyMap<string, Buffer> {
  // An empty network configuration would be one that configures nothing.
  const files = Object.entries(content).filter(([name, text]) => name !== 'network-config' || text !== '');
  return new Map(files.map(([name, text]) => [name, Buffer.from(text)]));
}

function metaData({ instanceId, name, sshKeys = [], metadata = {} }: FirstBoot): object {
  const hostName = hostNameOf(name);
  return {
    'instance-id': instanceId,
    ...(hostName === '' ? {} : { 'local-hostname': hostName }),
    // Here and not in cloud-config, where the keys of a caller's own would stand against them.
    ...(sshKeys.length === 0 ? {} : { 'public-keys': sshKeys }),
    // By itself, as in OpenStack's: some names beside it are orders to cloud-init (`seedfrom`, `dsmode`).
    ...(Object.keys(metadata).length === 0 ? {} : { meta: metadata }),
  };
}

/** A name as RFC 1123 allows it: letters, digits, hyphens, and dots between. */
function hostNameOf(name: string): string {
  const labels = name.toLowerCase().split('.');
  return labels
    .map((label) =>
      label
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, 63)
        .replace(/^-|-$/g, ''),
    )
    .filter((label) => label !== '')
    .join('.')
    .slice(0, 253);
}

function cloudConfig(firstBoot: FirstBoot): Record<string, unknown> {
  const { adminPassword, instanceId, files = [], diskConfig, isKvmHost = false, nics } = firstBoot;
  const password = adminPassword === undefined ? firstBoot.passwordHash : hashedPassword(adminPassword, instanceId);
  const commands = isKvmHost ? bridgeCommands(nics) : [];
  return {
    ...(password === undefined ? {} : { password, chpasswd: { expire: false } }),
    ...(files.length === 0 ? {} : { write_files: files.map(writtenFile) }),
    ...(diskConfig === 'manual' ? { growpart: { mode: 'off' }, resize_rootfs: false } : {}),
    ...(commands.length === 0 ? {} : { bootcmd: commands }),
  };
}

function writtenFile({ path, content, mode }: GuestFile): object {
  return { path, encoding: 'b64', content, ...(mode === undefined ? {} : { permissions: mode }) };
}

/** A password as guests keep it. */
export function hashedPassword(password: string, instanceId: string): string {
  return sha512Crypt(password, saltOf(instanceId));
}

/** Every instance has another one; 96 bits, in the characters that crypt takes. */
function saltOf(instanceId: string): string {
  const digest = createHash('sha256').update(instanceId).digest().subarray(0, 12);
  return digest.toString('base64').replaceAll('+', '.');
}
