import { createHash } from 'node:crypto';
import type { OperationId } from '../../../common/ids.js';
import { isXmlText } from '../../../connectors/xml/index.js';
import { invalid } from './refusal.js';

/** Files are named after a domain, with endings such as `_VARS.fd` behind it; file systems take 255 bytes. */
const LONGEST_DOMAIN_NAME = 240;

/** As long as libvirt takes paths. */
const LONGEST_PATH = 4095;

/** @throws ComputeError REQUEST_INVALID for a name that libvirt or a file system would not take */
export function requireDomainName(name: string): void {
  const refuse = (text: string): never => {
    throw invalid('name', text);
  };
  requireText('name', name);
  if (Buffer.byteLength(name) > LONGEST_DOMAIN_NAME) refuse(`must be ${LONGEST_DOMAIN_NAME} bytes at most`);
  if (name.includes('/')) refuse('must hold no slash: files are named after the domain');
  if (name !== name.trim()) refuse('must neither begin nor end with a space');
  if (name === '' || name === '.' || name === '..') refuse('must be a name of which a file can be made');
}

/**
 * A path of the host, which must say plainly where it leads.
 *
 * @throws ComputeError REQUEST_INVALID
 */
export function requireHostPath(field: string, path: string): void {
  requireText(field, path);
  const parts = path.split('/');
  if (!path.startsWith('/') || Buffer.byteLength(path) > LONGEST_PATH) {
    throw invalid(field, `must be an absolute path of ${LONGEST_PATH} bytes at most`);
  }
  if (parts.slice(1).some((part) => part === '' || part === '.' || part === '..')) {
    throw invalid(field, 'must name a file or a device, without parts that are empty, . or ..');
  }
}

/** @throws ComputeError REQUEST_INVALID for a text that XML, and with it libvirt, cannot hold */
export function requireText(field: string, text: string): void {
  if (!isXmlText(text)) throw invalid(field, 'holds characters that libvirt cannot take');
}

/** UUID of the instance that an operation makes: whenever it is tried again, it makes the same. */
export function instanceUuid(operationId: OperationId): string {
  return derivedUuid(['instance', operationId]);
}

/** Names of what is made for an instance. They are made of its UUID alone, so that they lead nowhere else. */
export function instanceFiles(uuid: string): {
  readonly rootDisk: string;
  /** A rebuild makes the one of the two that is not in use. */
  readonly otherRootDisk: string;
  readonly configDrive: string;
  /** A medium that it starts from, and nobody else. */
  readonly medium: string;
  readonly rescueDisk: string;
  readonly rescueMedium: string;
  readonly rescueConfigDrive: string;
  readonly consoleLog: string;
  readonly filter: string;
} {
  return {
    rootDisk: `zenova-${uuid}-root`,
    otherRootDisk: `zenova-${uuid}-root-2`,
    configDrive: `zenova-${uuid}-config.iso`,
    medium: `zenova-${uuid}-medium.iso`,
    rescueDisk: `zenova-${uuid}-rescue`,
    rescueMedium: `zenova-${uuid}-rescue.iso`,
    rescueConfigDrive: `zenova-${uuid}-rescue-config.iso`,
    consoleLog: `zenova-${uuid}-console.log`,
    filter: `zenova-${uuid}`,
  };
}

/** The domain that writes to the volumes of an instance, and is there for that time only. */
export function writerOf(instance: string): { readonly uuid: string; readonly name: string } {
  return { uuid: derivedUuid(['writer', instance]), name: `zenova-${instance}-writer` };
}

/** Is a domain an instance, and not one that is there to write to the volumes of one? */
export function isInstance({ uuid, name }: { readonly uuid: string; readonly name: string }): boolean {
  const [, instance] = /^zenova-(.+)-writer$/.exec(name) ?? [];
  return instance === undefined || uuid !== writerOf(instance).uuid;
}

/** How the names of all volumes of an instance begin, and of no other one. */
export function instanceVolumePrefix(uuid: string): string {
  return `zenova-${uuid}-`;
}

/** What an operation would make up for an instance is the same whenever it is tried again. */
export function macAddress(uuid: string, index: number): string {
  const [a, b, c] = createHash('sha256').update(`mac ${uuid} ${index}`).digest();
  return ['52', '54', '00', ...[a, b, c].map((byte = 0) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** UUID of a secret: of one purpose, for one volume of one instance. */
export function secretUuid(instance: string, volumeId: string, purpose: 'chap' | 'encryption'): string {
  return derivedUuid([purpose, instance, volumeId]);
}

/** UUID of a pool that is made: whoever makes it makes the same. */
export function poolUuid(name: string): string {
  return derivedUuid(['pool', name]);
}

/** UUID of the filter of an instance. */
export function filterUuid(instance: string): string {
  return derivedUuid(['filter', instance]);
}

/** Of the same parts the same UUID comes, version 8 ("custom", RFC 9562). */
function derivedUuid(parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const VOLUME_ALIAS = 'ua-volume-';

/**
 * Alias of a volume's disk, by which it is found again. Ids may hold what aliases must not, and be longer than QEMU likes; of
 * those with a hash nobody has two.
 */
export function volumeAlias(volumeId: string): string {
  return `${VOLUME_ALIAS}${createHash('sha256').update(volumeId).digest('hex').slice(0, 32)}`;
}

export function isVolumeAlias(alias: string): boolean {
  return alias.startsWith(VOLUME_ALIAS);
}

const TAG_ALIAS = 'ua-tag-';

/** Alias of an interface with a tag. What aliases must not hold is written in hexadecimal. */
export function tagAlias(tag: string): string {
  const plain = tag.replaceAll(/[^A-Za-z0-9-]/g, (c) => `_${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `${TAG_ALIAS}${plain}`;
}

/** The tag that an alias holds. */
export function tagOfAlias(alias: string | undefined): string | undefined {
  if (alias?.startsWith(TAG_ALIAS) !== true) return undefined;
  return alias
    .slice(TAG_ALIAS.length)
    .replaceAll(/_([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
