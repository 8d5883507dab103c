import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { linkingOf, moduleDependencies } from './elf.mjs';
import { characterDevice, directory, file, link, newc } from './newc.mjs';

/** @typedef {import('./newc.mjs').Entry} Entry */

const system = new URL('./system/', import.meta.url);
const directories = [
  'bin',
  'dev',
  'etc',
  'etc/acpi',
  'etc/acpi/PWRF',
  'lib',
  'lib64',
  'lib/modules',
  'root',
  'sbin',
  'zenova',
];
const programs = ['start', 'report', 'data', 'seed', 'serve', 'dhcp', 'listen', 'busy', 'end'];

/**
 * The first and only file system of a guest: busybox, modules of the kernel, the agent of QEMU, and our few scripts.
 *
 * @param {string} packages where what it is made of is unpacked
 * @param {readonly string[]} modules
 * @returns {Buffer}
 */
export function initrd(packages, modules) {
  return newc([
    ...directories.map(directory),
    characterDevice('dev/console', 5, 1),
    file('bin/busybox', readFileSync(join(packages, 'bin', 'busybox')), 0o755),
    link('bin/sh', 'busybox'),
    link('init', 'bin/busybox'),
    file('etc/inittab', ours('inittab')),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    file('etc/group', 'root:x:0:\n'),
    file('etc/shadow', 'root:*:19000:0:99999:7:::\n', 0o600),
    file('etc/acpi/PWRF/00000080', ours('power-button'), 0o755), // where busybox looks for what the power button does
    ...programs.map((name) => file(`zenova/${name}`, ours(name), 0o755)),
    ...['chpasswd', 'shutdown'].map((name) => file(`sbin/${name}`, ours(name), 0o755)), // where the agent looks
    ...kernelModules(packages, modules),
    ...withLibraries(packages, 'sbin/qemu-ga', join(packages, 'usr', 'sbin', 'qemu-ga')),
  ]);
}

/** @param {string} name */
const ours = (name) => readFileSync(new URL(name, system));

/**
 * @param {string} packages
 * @param {readonly string[]} wanted
 * @returns {Entry[]} these modules and what they take, and a list in the order in which they can be loaded
 */
function kernelModules(packages, wanted) {
  const files = filesBelow(join(packages, 'lib', 'modules'), /\.ko$/);
  /** @type {Map<string, Buffer>} */
  const found = new Map();
  /** @param {string} name */
  const take = (name) => {
    const path = files.get(`${name}.ko`) ?? files.get(`${name.replaceAll('_', '-')}.ko`);
    if (path === undefined) throw new Error(`the kernel has no module ${name}`);
    if (found.has(basename(path, '.ko'))) return;
    const content = readFileSync(path);
    moduleDependencies(content).forEach(take);
    found.set(basename(path, '.ko'), content);
  };
  wanted.forEach(take);
  return [
    file('zenova/modules', [...found.keys()].map((name) => `${name}\n`).join('')),
    ...[...found].map(([name, content]) => file(`lib/modules/${name}.ko`, content)),
  ];
}

/**
 * @param {string} packages
 * @param {string} path where a program goes
 * @param {string} from
 * @returns {Entry[]} it, its loader, and all libraries that it takes
 */
function withLibraries(packages, path, from) {
  const files = new Map(['lib', 'usr/lib'].flatMap((place) => [...filesBelow(join(packages, place), /\.so\./)]));
  /** @param {string} name */
  const read = (name) => {
    const library = files.get(name);
    if (library === undefined) throw new Error(`${path} takes ${name}, which is in none of the packages`);
    return readFileSync(library);
  };
  const program = readFileSync(from);
  const { loader } = linkingOf(program);
  if (loader === undefined) throw new Error(`${path} names no loader`);
  const loaderName = basename(loader);
  const names = new Set(linkingOf(program).libraries);
  // A set gives what is added while it is walked through, too.
  for (const name of names) for (const each of linkingOf(read(name)).libraries) names.add(each);
  names.delete(loaderName);
  return [
    file(path, program, 0o755),
    file(loader.slice(1), read(loaderName), 0o755),
    ...[...names].map((name) => file(`lib/${name}`, read(name), 0o755)),
  ];
}

/**
 * @param {string} place
 * @param {RegExp} wanted
 * @returns {Map<string, string>} their paths, by name
 */
function filesBelow(place, wanted) {
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && wanted.test(entry.name));
  return new Map(files.map((entry) => [entry.name, join(entry.parentPath, entry.name)]));
}
