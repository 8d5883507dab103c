import { closeSync, openSync, writeSync } from 'node:fs';
import { run } from '../environment/run.mjs';

/** @typedef {{ type: number, at: number, bytes: number, isActive?: boolean }} Partition in bytes of the disk */

export const FAT = 0x0e;
export const LINUX = 0x83;
/** Size of the partition in which a guest keeps data. */
export const DATA_BYTES = 16 * 1024 * 1024;

const SECTOR = 512;
const TABLE_AT = 446;
const SIGNATURE = [0x55, 0xaa];

/**
 * Writes a table of partitions as BIOS knows it, and leaves what else is in the first sector.
 *
 * @param {string} disk the file
 * @param {readonly Partition[]} partitions up to four
 */
export function writePartitions(disk, partitions) {
  const table = Buffer.alloc(4 * 16 + SIGNATURE.length);
  partitions.forEach(({ type, at, bytes, isActive = false }, index) => {
    const entry = index * 16;
    table.writeUInt8(isActive ? 0x80 : 0, entry);
    table.set([0xfe, 0xff, 0xff], entry + 1); // not told by cylinders
    table.writeUInt8(type, entry + 4);
    table.set([0xfe, 0xff, 0xff], entry + 5);
    table.writeUInt32LE(at / SECTOR, entry + 8);
    table.writeUInt32LE(bytes / SECTOR, entry + 12);
  });
  table.set(SIGNATURE, 4 * 16);
  const file = openSync(disk, 'r+');
  writeSync(file, table, 0, table.length, TABLE_AT);
  closeSync(file);
}

/**
 * @param {string} disk the file
 * @param {number} at
 */
export async function makeDataPartition(disk, at) {
  const kibibytes = `${DATA_BYTES / 1024}k`;
  await run('mkfs.ext4', ['-q', '-F', '-L', 'zenova-data', '-E', `offset=${at}`, disk, kibibytes]);
}
