import {
  checkDebianPackagesCanBeInstalled,
  installDebianPackages,
  manualCommand,
  missingDebianPackages,
} from './debian-packages.mjs';
import { findBroker } from './find-broker.mjs';
import { findPostgres } from './find-postgres.mjs';
import { buildNativeModule, hasNodeHeaders, isNativeModuleUsable, nativeModuleBuild } from './native-module.mjs';
import { areGuestsMade, guestsReason, makeGuests } from '../guests/make.mjs';
import { checkNodeVersion } from './node-version.mjs';
import { areNpmPackagesInstalled, installNpmPackages } from './npm-packages.mjs';
import { Stop } from './stop.mjs';

/**
 * What a command needs beside Node and our packages. A service is `reachable` when one that is already there will do, and
 * `installed` when private ones are started as well.
 *
 * @typedef {object} Needs
 * @property {'reachable' | 'installed'} [broker]
 * @property {'reachable' | 'installed'} [postgres]
 * @property {boolean} [oslo] oslo.messaging for Debian's Python
 * @property {boolean} [browser] Chromium
 * @property {boolean} [curl]
 * @property {boolean} [cloudInit] cloud-init, switched off
 * @property {boolean} [xorriso]
 * @property {boolean} [fence] Debian's fence_ibmz
 * @property {boolean} [sshd] OpenSSH's server, which stays switched off
 * @property {boolean} [libvirt] libvirtd with QEMU, which stay switched off, and the descriptions of its protocol
 * @property {boolean} [libvirtSchemas] libvirt's schemas for XML, and their checker
 * @property {boolean} [libvirtPeers] what else asks libvirt: virsh, and libvirt for Debian's Python
 * @property {boolean} [guests] systems for guests of libvirt, and what their disks, networks and firmware take
 */

/**
 * Provides everything that a command needs and this machine lacks, and says so before it does. Nothing is printed or
 * done when nothing is missing.
 *
 * @param {Needs} needs
 * @throws {Stop} when something is missing and may not or cannot be installed
 */
export async function prepare(needs) {
  checkNodeVersion();
  const needsNpm = !areNpmPackagesInstalled();
  const needsNative = needsNpm || !(await isNativeModuleUsable());
  const needsGuests = needs.guests === true && !areGuestsMade();
  const debian = missingDebianPackages({
    broker: needs.broker === 'installed' || (needs.broker === 'reachable' && (await findBroker()) === undefined),
    postgres:
      needs.postgres === 'installed' || (needs.postgres === 'reachable' && (await findPostgres()) === undefined),
    oslo: needs.oslo === true,
    browser: needs.browser === true,
    curl: needs.curl === true,
    cloudInit: needs.cloudInit === true,
    xorriso: needs.xorriso === true,
    fence: needs.fence === true,
    libvirt: needs.libvirt === true,
    sshd: needs.sshd === true,
    libvirtSchemas: needs.libvirtSchemas === true,
    libvirtPeers: needs.libvirtPeers === true,
    guests: needs.guests === true,
    compiler: needsNative && hasNodeHeaders(), // without headers a ready-made binary is downloaded
  });
  if (!needsNpm && !needsNative && !needsGuests && debian.length === 0) return;

  const mayInstall = process.env['ZENOVA_NO_INSTALL'] !== '1';
  console.log(mayInstall ? 'To be installed first:' : 'Missing:');
  for (const { name, reason } of debian) console.log(`  Debian package ${name.padEnd(24)} ${reason}`);
  if (needsNpm)
    console.log('  npm packages                            as package-lock.json lists them, into node_modules');
  if (needsNative) console.log('  native module better-sqlite3            built for this Node, about a minute');
  if (needsGuests) console.log(`  systems for guests                      ${guestsReason}`);
  if (!mayInstall) {
    const commands = [
      ...(debian.length > 0 ? [manualCommand(debian.map(({ name }) => name))] : []),
      ...(needsNpm ? ['npm ci --ignore-scripts'] : []),
      ...(needsGuests ? ['ZENOVA_NO_INSTALL= node scripts/guests.mjs'] : []),
      ...(needsNative ? [`npm ${nativeModuleBuild().join(' ')}`] : []),
    ];
    throw new Stop(`ZENOVA_NO_INSTALL=1 forbids installing. By hand:\n\n  ${commands.join('\n  ')}\n`);
  }

  if (debian.length > 0) {
    checkDebianPackagesCanBeInstalled(debian);
    console.log('\nInstalling Debian packages …');
    await installDebianPackages(debian);
  }
  if (needsNpm) {
    console.log('\nInstalling npm packages …');
    await installNpmPackages();
  }
  if (needsNative) {
    console.log('\nBuilding better-sqlite3 …');
    await buildNativeModule();
  }
  if (needsGuests) {
    console.log('\nMaking systems for guests …');
    await makeGuests();
  }
  console.log();
}
