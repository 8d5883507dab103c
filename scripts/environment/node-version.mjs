import { readFileSync } from 'node:fs';
import { inCheckout } from './checkout.mjs';
import { Stop } from './stop.mjs';

/**
 * Whether a version lies in a range of the two forms that our package.json uses: `^major.minor` and `>=major`, with
 * `||` between them. A range of another form is an error, so that nobody widens it without noticing.
 *
 * @param {string} version such as `20.19.1`
 * @param {string} range
 */
export function satisfies(version, range) {
  const [major, minor] = version.split('.').map(Number);
  if (major === undefined || minor === undefined) return false;
  return range.split('||').some((part) => {
    const match = /^(\^|>=)(\d+)(?:\.(\d+))?$/.exec(part.trim());
    if (!match) throw new Error(`The range "${part.trim()}" under "engines" in package.json is not understood`);
    const [, sign, wantedMajor, wantedMinor] = match;
    const isLater = major === Number(wantedMajor) && minor >= Number(wantedMinor ?? 0);
    return isLater || (sign === '>=' && major > Number(wantedMajor));
  });
}

/** @throws {Stop} when this Node is not one that we support */
export function checkNodeVersion() {
  /** @type {{ engines: { node: string } }} */
  const { engines } = JSON.parse(readFileSync(inCheckout('package.json'), 'utf8'));
  if (satisfies(process.versions.node, engines.node)) return;
  throw new Stop(
    `Zenova needs Node.js ${engines.node}; this is ${process.versions.node} (${process.execPath}).\n` +
      'Install a supported version (24 is recommended) and run the command again.',
  );
}
