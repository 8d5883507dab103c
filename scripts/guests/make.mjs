import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inCheckout } from '../environment/checkout.mjs';
import { run } from '../environment/run.mjs';
import { Stop } from '../environment/stop.mjs';
import { isAlive } from '../server/processes.mjs';
import { architectures } from './architectures.mjs';
import { openDebianArchive } from './debian-archive.mjs';
import { initrd } from './initrd.mjs';

/**
 * What an image is made of.
 *
 * @typedef {object} Content
 * @property {string} kernel the file
 * @property {string} initrd the file
 * @property {readonly string[]} kernelParameters
 * @property {boolean} hasData whether there is room in which the guest keeps data
 * @property {string} packages the directory in which Debian's packages are unpacked
 */

/** By the word that a guest tells when it starts from one. */
const images = [
  { image: 'first', hasData: true },
  { image: 'second', hasData: true },
  { image: 'rescue', hasData: false },
];

const sources = new URL('./', import.meta.url);
const home = inCheckout('.zenova', 'guests');
const making = 'making-';
const oldAfterMs = 7 * 24 * 60 * 60_000;

/** Where the systems are: others than these, made from other sources, have another place. */
export const guestsDirectory = join(home, digestOf(sources));

/** What making them does, for those who are to know before. */
export const guestsReason =
  'made from packages of Debian (kernels, busybox, QEMU agent), about 65 MB, downloaded and not installed';

/** @returns {boolean} */
export const areGuestsMade = () => existsSync(guestsDirectory);

/**
 * Makes the systems. Several processes may do so at once: each makes its own, and those of the first to be ready stay.
 *
 * @throws {Stop} on a machine without Debian's tools
 */
export async function makeGuests() {
  if (!existsSync('/usr/bin/apt-get'))
    throw new Stop(
      'This is not a Debian or Ubuntu system, whose tools make systems for guests from packages of Debian.',
    );
  removeLeftOvers();
  mkdirSync(home, { recursive: true });
  const workshop = mkdtempSync(join(home, `${making}${process.pid}-`));
  try {
    const made = join(workshop, 'made');
    await makeAll(made, workshop);
    renameSync(made, guestsDirectory);
  } catch (error) {
    if (!areGuestsMade()) throw error;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/**
 * @param {string} to
 * @param {string} workshop
 */
async function makeAll(to, workshop) {
  for (const [architecture, making] of Object.entries(architectures)) {
    const archive = await openDebianArchive(join(workshop, architecture), making.debian);
    const packages = await archive.unpack(await packagesOf(making, archive));
    const directory = join(to, architecture);
    mkdirSync(directory, { recursive: true });
    /** @param {string} name */
    const at = (name) => join(directory, name);
    copyFileSync(kernelIn(packages), at('kernel'));
    writeFileSync(at('initrd'), initrd(packages, making.modules));
    writeFileSync(at('parameters'), making.kernelParameters.join(' '));
    for (const { image, hasData } of images) {
      const kernelParameters = [...making.kernelParameters, `zenova.image=${image}`];
      const content = { kernel: at('kernel'), initrd: at('initrd'), kernelParameters, hasData, packages };
      await making.makeDisk(at(`${image}.raw`), content, mkdtempSync(join(workshop, 'disk-')));
      await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', at(`${image}.raw`), at(`${image}.qcow2`)]);
      await making.makeIso(at(`${image}.iso`), content, mkdtempSync(join(workshop, 'iso-')));
    }
  }
}

/**
 * @param {import('./architectures.mjs').Making} making
 * @param {import('./debian-archive.mjs').DebianArchive} archive
 */
async function packagesOf({ kernelPackage, bootLoaders }, archive) {
  const [kernel] = (await archive.dependencies(kernelPackage)).get(kernelPackage) ?? [];
  if (kernel === undefined) throw new Error(`Debian has no package ${kernelPackage} that takes a kernel`);
  const agent = 'qemu-guest-agent';
  const dependencies = await archive.dependencies(agent);
  const taken = new Set([agent]);
  // A set gives what is added while it is walked through, too.
  for (const name of taken)
    for (const each of dependencies.get(name) ?? []) if (each.startsWith('lib')) taken.add(each);
  return [kernel, 'busybox-static', ...taken, ...bootLoaders];
}

/** @param {string} packages */
function kernelIn(packages) {
  const [name] = readdirSync(join(packages, 'boot')).filter((each) => each.startsWith('vmlinuz-'));
  if (name === undefined) throw new Error('the package of the kernel has none');
  return join(packages, 'boot', name);
}

/** Those of others that were ended before they were ready, and those of sources of long ago. */
function removeLeftOvers() {
  if (!existsSync(home)) return;
  for (const name of readdirSync(home)) {
    const path = join(home, name);
    const maker = name.startsWith(making) ? Number.parseInt(name.slice(making.length), 10) : undefined;
    const isLeft = maker === undefined ? statSync(path).mtimeMs < Date.now() - oldAfterMs : !isAlive(maker);
    if (isLeft) rmSync(path, { recursive: true, force: true });
  }
}

/**
 * @param {URL} directory
 * @returns {string} tells sources from others
 */
function digestOf(directory) {
  const hash = createHash('sha256');
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const file of files) hash.update(file.slice(fileURLToPath(directory).length)).update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}
