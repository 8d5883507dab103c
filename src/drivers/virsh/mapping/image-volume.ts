import { createHash } from 'node:crypto';
import type { OperationId } from '../../../common/ids.js';
import { invalid } from './refusal.js';

/**
 * Images that are kept on the host. There is no place for facts about a volume but its name, so the name says all: what image it is,
 * its checksum, and which operation brought it. A volume cannot be renamed either: what has come whole has a second, empty volume
 * beside it, the mark, whose name also has the number of bytes. What has no mark is no image.
 */

/** Formats that are kept as they are. */
export const KEPT_FORMATS = ['qcow2', 'raw', 'iso'] as const;
export type KeptFormat = (typeof KEPT_FORMATS)[number];

/** What the name of a volume with an image says. */
export interface ImageVolume {
  /** Name of the image. */
  readonly image: string;
  /** 64 hexadecimal digits; undefined of what was made on the host, where nobody has read it. */
  readonly sha256: string | undefined;
  /** Which brought it: every one has a volume of its own. */
  readonly operationId: OperationId;
  readonly format: KeptFormat;
}

/** An image that has come whole. */
export interface KeptImage extends ImageVolume {
  /** Name of the volume that it is in. */
  readonly volume: string;
  /** Of the file. */
  readonly bytes: number;
}

/** As file systems take them. */
const LONGEST_FILE_NAME = 255;
/** Room behind the name of the image for all else, with 16 digits of bytes. */
const LONGEST_WORD = LONGEST_FILE_NAME - 'image.'.length - '.'.length - 64 - '.'.length - 32 - '.qcow2'.length - 20;
const NOT_KNOWN = '-';

const VOLUME =
  /^image\.([^/]+)\.([0-9a-f]{64}|-)\.([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})\.([a-z0-9]+)$/;
const MARK = /^(.+)\.(0|[1-9][0-9]{0,15})\.ok$/;

/** @throws ComputeError REQUEST_INVALID for a name that is too long */
export function imageVolumeName({ image, sha256 = NOT_KNOWN, operationId, format }: ImageVolume): string {
  return `image.${requireImageName('image', image)}.${sha256}.${operationId.replaceAll('-', '')}.${format}`;
}

/** Undefined of a volume that holds no image. */
export function imageVolumeOf(volume: string): ImageVolume | undefined {
  const [, word = '', sha256, a = '', b = '', c = '', d = '', e = '', ending] = VOLUME.exec(volume) ?? [];
  const image = plain(word);
  const format = KEPT_FORMATS.find((one) => one === ending);
  if (image === undefined || format === undefined) return undefined;
  const operationId = [a, b, c, d, e].join('-') as OperationId;
  return { image, sha256: sha256 === NOT_KNOWN ? undefined : sha256, operationId, format };
}

/** Name of the volume that says that another one is whole. */
export function markName(volume: string, bytes: number): string {
  return `${volume}.${bytes}.ok`;
}

/** The images that volumes of these names are, in the order of their names. */
export function keptImages(volumes: Iterable<string>): KeptImage[] {
  const names = new Set(volumes);
  const found = [...names].flatMap((name) => {
    const [, volume = '', bytes] = MARK.exec(name) ?? [];
    const image = imageVolumeOf(volume);
    return image === undefined || !names.has(volume) ? [] : { ...image, volume, bytes: Number(bytes) };
  });
  return found.toSorted((a, b) => compare(a.image, b.image) || compare(a.volume, b.volume));
}

/** Is it a volume with an image, or the mark of one? Neither has anything of an instance. */
export function isOfImage(volume: string): boolean {
  return imageVolumeOf(MARK.exec(volume)?.[1] ?? volume) !== undefined;
}

/** Volumes of images that have no mark: they are on their way, or will never be whole. */
export function unmarkedVolumes(volumes: Iterable<string>): string[] {
  const names = [...volumes];
  const whole = new Set(keptImages(names).map(({ volume }) => volume));
  return names.filter((name) => imageVolumeOf(name) !== undefined && !whole.has(name));
}

/**
 * Name under which the image of an address is kept: the address, and of a query, which often holds a signature, a digest alone. Of
 * an address that is too long for a file's name its beginning and a digest.
 */
export function addressImageName(shown: string, query: string): string {
  const name = query === '' ? shown : `${shown}?${digestOf(query)}`;
  if (written(name).length <= LONGEST_WORD) return name;
  return `${shown.replaceAll(/[^A-Za-z0-9.:/_-]+/g, '').slice(0, 30)}…${digestOf(name)}`;
}

/**
 * The name of an image as it stands in that of its volume.
 *
 * @throws ComputeError REQUEST_INVALID for one that has no room there
 */
export function requireImageName(field: string, name: string): string {
  if (name === '' || Buffer.from(name).toString() !== name) throw invalid(field, 'is no name');
  const word = written(name);
  if (word.length <= LONGEST_WORD) return word;
  throw invalid(
    field,
    `is too long: its volume is named after it, with ${LONGEST_WORD} characters at most, where what is neither letter, digit, dot, _ nor - counts three times a byte`,
  );
}

/** In characters that are harmless everywhere; the others are written as in addresses. */
function written(name: string): string {
  return [...Buffer.from(name)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** The name that is written like this; undefined when none is. */
function plain(word: string): string | undefined {
  try {
    const name = decodeURIComponent(word);
    return name !== '' && written(name) === word ? name : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
