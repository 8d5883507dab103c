/**
 * @typedef {object} Entry of an archive
 * @property {string} path without a slash in front
 * @property {number} mode with the bits that tell what it is
 * @property {Buffer} [content] of a file; of a symbolic link, where it leads
 * @property {readonly [major: number, minor: number]} [device]
 */

const REGULAR = 0o100_000;
const DIRECTORY = 0o040_000;
const LINK = 0o120_000;
const CHARACTER_DEVICE = 0o020_000;

/** @type {(path: string, content: Buffer | string, permissions?: number) => Entry} */
export const file = (path, content, permissions = 0o644) => ({
  path,
  mode: REGULAR | permissions,
  content: Buffer.from(content),
});

/** @type {(path: string) => Entry} */
export const directory = (path) => ({ path, mode: DIRECTORY | 0o755 });

/** @type {(path: string, to: string) => Entry} */
export const link = (path, to) => ({ path, mode: LINK | 0o777, content: Buffer.from(to) });

/** @type {(path: string, major: number, minor: number) => Entry} */
export const characterDevice = (path, major, minor) => ({
  path,
  mode: CHARACTER_DEVICE | 0o600,
  device: [major, minor],
});

/**
 * An archive as Linux takes it for its first file system: cpio's format "newc".
 *
 * @param {readonly Entry[]} entries a directory stands before what lies in it
 * @returns {Buffer}
 */
export function newc(entries) {
  return Buffer.concat([...entries, { path: 'TRAILER!!!', mode: 0 }].flatMap(record));
}

/**
 * @param {Entry} entry
 * @param {number} index
 * @returns {Buffer[]}
 */
function record({ path, mode, content = Buffer.alloc(0), device = [0, 0] }, index) {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [index, mode, 0, 0, links, 0, content.length, 0, 0, ...device, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [...padded(Buffer.concat([header, name])), ...padded(content)];
}

/** @type {(bytes: Buffer) => Buffer[]} to whole words of four bytes */
const padded = (bytes) => [bytes, Buffer.alloc(-bytes.length & 3)];
