import { statSync, truncateSync } from 'node:fs';
import { DATA_BYTES, LINUX, makeDataPartition, writePartitions } from './partitions.mjs';
import { makeS390xIso } from './s390x-iso.mjs';

const MEBIBYTE = 1024 * 1024;

/**
 * Makes a disk for s390x: the firmware of its guests starts an ISO image from a disk too, and what an ISO image has no use for at
 * its beginning has room for a table of partitions, which here tells of one behind it.
 *
 * @param {string} disk the file
 * @param {import('./make.mjs').Content} content
 * @param {string} workshop an empty directory
 */
export async function makeS390xDisk(disk, content, workshop) {
  await makeS390xIso(disk, content, workshop);
  if (!content.hasData) return;
  const dataAt = Math.ceil(statSync(disk).size / MEBIBYTE) * MEBIBYTE;
  truncateSync(disk, dataAt + DATA_BYTES);
  writePartitions(disk, [{ type: LINUX, at: dataAt, bytes: DATA_BYTES }]);
  await makeDataPartition(disk, dataAt);
}
