import { readFileSync } from 'node:fs';
import { inCheckout } from './checkout.mjs';
import { npm } from './npm.mjs';
import { show } from './run.mjs';
import { Stop } from './stop.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage> }} Lock
 */

/** @param {string} file */
function readLock(file) {
  try {
    return /** @type {Lock} */ (JSON.parse(readFileSync(inCheckout(file), 'utf8'))).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm notes what it installed in a lock of its own, last
 * of all; comparing the two needs no stamp of ours and accepts an `npm ci` or `npm install` done by hand.
 */
export function areNpmPackagesInstalled() {
  const wanted = readLock('package-lock.json');
  const present = readLock('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true; // ourselves
    const found = present[path];
    return found ? found.version === version : optional === true; // optional: for another platform
  });
}

/**
 * Without install scripts: the only one needed, that of the native module, is a step of its own.
 *
 * @throws {Stop}
 */
export async function installNpmPackages() {
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = await show(...npm(...args));
  if (status !== 0) throw new Stop('npm ci failed; its messages are above.');
}
