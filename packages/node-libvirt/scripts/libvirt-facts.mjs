/**
 * Reads what Debian's libvirt packages say of the protocol and of the API: procedure numbers from the SystemTap functions
 * (package libvirt-daemon-system), constants from the API descriptions (package libvirt-dev).
 */
import { readFileSync } from 'node:fs';

const tapset = '/usr/share/systemtap/tapset/libvirt_functions.stp';
const descriptions = ['/usr/share/libvirt/api/libvirt-api.xml', '/usr/share/libvirt/api/libvirt-qemu-api.xml'];

/**
 * @typedef {object} Program of the RPC protocol
 * @property {string} name
 * @property {number} number
 * @property {number} version
 * @property {Record<string, number>} procedures by name
 */

/**
 * @typedef {object} LibvirtFacts
 * @property {string} version of libvirt, as `9.0.0`
 * @property {Program[]} programs
 * @property {Record<string, Record<string, number>>} enums by type (`virDomainState`), then by full name
 * @property {Record<string, string>} strings that the API gives names to, as those of typed parameters
 */

/**
 * @returns {LibvirtFacts} of the libvirt that is installed here
 * @throws {Error} when a package is missing, or holds something else than it used to
 */
export function installedFacts() {
  const xml = descriptions.map(readFact);
  return { version: versionIn(xml[0] ?? ''), programs: programsIn(readFact(tapset)), ...constantsIn(xml.join('\n')) };
}

/** @param {string} file */
function readFact(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(
      `${file} cannot be read (Debian and Ubuntu: apt-get install libvirt-daemon-system libvirt-dev): ${String(error)}`,
      { cause: error },
    );
  }
}

/** @param {string} xml */
function versionIn(xml) {
  const number = Number(/name='LIBVIR_VERSION_NUMBER'[^>]* raw='(\d+)'/.exec(xml)?.[1]);
  if (!Number.isSafeInteger(number)) throw new Error('libvirt-api.xml does not tell its version');
  return [Math.floor(number / 1_000_000), Math.floor(number / 1000) % 1000, number % 1000].join('.');
}

/**
 * @param {string} text
 * @returns {Program[]}
 */
function programsIn(text) {
  const [names = '', ...sections] = text.split(/\bif \(program == (?=\d+ && version)/);
  /** @type {Record<string, string>} */
  const nameOf = Object.fromEntries(
    [...names.matchAll(/program == (\d+)\) {\s*programstr = "(\w+)"/g)].map(([, number, name]) => [number, name]),
  );
  return sections.map((section) => {
    const [, number = '', version] = /^(\d+) && version == (\d+)/.exec(section) ?? [];
    const found = [...section.matchAll(/proc == (\d+)\) {\s*procstr = "(\w+)"/g)];
    const name = nameOf[number];
    if (name === undefined || found.length === 0) throw new Error(`${tapset} says nothing of program ${number}`);
    const procedures = Object.fromEntries(found.map(([, procedure, name]) => [name, Number(procedure)]));
    return { name, number: Number(number), version: Number(version), procedures };
  });
}

/**
 * @param {string} xml
 * @returns {Pick<LibvirtFacts, 'enums' | 'strings'>}
 */
function constantsIn(xml) {
  const found = [...xml.matchAll(/<enum ([^>]*)>/g)].map(([, attributes = '']) => ({
    name: attribute(attributes, 'name'),
    value: attribute(attributes, 'value'),
    type: attribute(attributes, 'type'),
  }));
  const values = new Map(found.map(({ name, value }) => [name, value]));
  /** Some are defined as another. @type {(value: string) => number} */
  const resolve = (value) => {
    if (/^-?\d+$/.test(value)) return Number(value);
    const other = values.get(value);
    if (other === undefined)
      throw new Error(`the value ${value} of a constant is neither a number nor another constant`);
    return resolve(other);
  };
  /** @type {LibvirtFacts['enums']} */
  const enums = {};
  for (const { name, value, type } of found) (enums[type] ??= {})[name] = resolve(value);
  const macros = [...xml.matchAll(/<macro ([^>]* string='[^>]*)>/g)].map(([, attributes = '']) => attributes);
  const strings = macros.map((attributes) => [attribute(attributes, 'name'), attribute(attributes, 'string')]);
  return { enums, strings: Object.fromEntries(strings) };
}

/**
 * @param {string} attributes of an element
 * @param {string} name
 */
function attribute(attributes, name) {
  const value = new RegExp(`(?:^|\\s)${name}='([^']*)'`).exec(attributes)?.[1];
  if (value === undefined) throw new Error(`an element of the API description has no ${name}: ${attributes}`);
  return value;
}
