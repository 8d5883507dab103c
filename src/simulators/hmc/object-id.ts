import { createHash } from 'node:crypto';

/** The same names give the same object ids in every run, so that what a client remembers stays true. */
export function stableUuid(...names: string[]): string {
  const hash = stableHex(...names);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}

/** 64 hexadecimal digits that are the same for the same names in every run. */
export const stableHex = (...names: string[]): string =>
  createHash('sha256').update(JSON.stringify(names)).digest('hex');
