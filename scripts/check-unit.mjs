import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inCheckout } from './environment/checkout.mjs';
import { run } from './environment/run.mjs';

/** The worst that `systemd-analyze security` may say, of 10: 0 is a service that can do nothing, 9.6 one that is not hardened. */
const MOST_EXPOSED = 2;

/**
 * Lets systemd check packaging/systemd: the unit, and the unit with its drop-in. Where there is no systemd it says so, and
 * counts as nothing.
 *
 * @returns {Promise<import('./test.mjs').Counts>}
 */
export async function checkUnit() {
  const version = await run('systemd-analyze', ['--version']).catch(() => undefined);
  if (version === undefined) {
    console.log('skipped: systemd-analyze is not installed, so nobody has checked packaging/systemd (Debian: systemd)');
    return { passed: 0, failed: 0 };
  }
  const directory = mkdtempSync(join(tmpdir(), 'zenova-unit-'));
  try {
    const unit = join(directory, 'zenova.service');
    // It also looks whether the program is there, and node may be elsewhere on this machine.
    const text = readFileSync(inCheckout('packaging', 'systemd', 'zenova.service'), 'utf8');
    writeFileSync(unit, text.replaceAll('/usr/bin/node', process.execPath));
    await verify(unit);
    mkdirSync(`${unit}.d`);
    copyFileSync(inCheckout('packaging', 'systemd', 'credentials.conf'), join(`${unit}.d`, 'credentials.conf'));
    await verify(unit);
    const security = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', unit]);
    const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(security)?.[1]);
    console.log(`${version.split('\n')[0]} finds no mistake in zenova.service; exposure ${exposure} of 10`);
    if (!(exposure <= MOST_EXPOSED)) throw new Error(`at most ${MOST_EXPOSED} is wanted:\n${security}`);
    return { passed: 1, failed: 0 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @param {string} unit */
async function verify(unit) {
  // Complaints about other units of this machine are not ours.
  const command = 'systemd-analyze verify --man=no --recursive-errors=no "$1" 2>&1';
  const complaints = await run('sh', ['-c', command, 'sh', unit]);
  const ours = complaints.split('\n').filter((line) => line.includes('zenova'));
  if (ours.length > 0) throw new Error(ours.join('\n'));
}
