import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../environment/run.mjs';

/**
 * Debian's packages of an architecture that need not be this machine's. They are unpacked, not installed: apt works with lists of its
 * own for that, which it fetches from where the machine has its packages.
 *
 * @typedef {object} DebianArchive
 * @property {(name: string) => Promise<Map<string, string[]>>} dependencies of this package, and of all that it takes, by name
 * @property {(names: readonly string[]) => Promise<string>} unpack gives the directory in which they lie as one
 */

/**
 * @param {string} directory that is not there yet
 * @param {string} architecture as Debian calls it
 * @returns {Promise<DebianArchive>}
 */
export async function openDebianArchive(directory, architecture) {
  /** @param {string[]} path */
  const at = (...path) => join(directory, ...path);
  const unpacked = at('unpacked');
  for (const each of [at('lists', 'partial'), at('archives', 'partial'), at('packages'), unpacked])
    await mkdir(each, { recursive: true });
  await writeFile(at('status'), '');
  const settings = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root', // the directory need not be open to others
    'Dir::State::lists': at('lists'),
    'Dir::State::status': at('status'),
    'Dir::Cache': directory,
  };
  await writeFile(
    at('apt.conf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  );
  const env = { ...process.env, APT_CONFIG: at('apt.conf'), LC_ALL: 'C' };
  await run('apt-get', ['-q', 'update'], { env });
  return {
    dependencies: async (name) => dependenciesIn(await run('apt-cache', ['depends', '--recurse', '-i', name], { env })),
    unpack: async (names) => {
      await run('apt-get', ['-q', 'download', ...names], { env, cwd: at('packages') });
      for (const name of await readdir(at('packages'))) await run('dpkg-deb', ['-x', at('packages', name), unpacked]);
      return unpacked;
    },
  };
}

/**
 * @param {string} text a package a line, and below it, further in, a line for each that it takes
 * @returns {Map<string, string[]>}
 */
function dependenciesIn(text) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  let current = '';
  for (const line of text.split('\n')) {
    const taken = /^ [ |]Depends: ([^<]\S*)$/.exec(line)?.[1];
    if (taken !== undefined) found.get(current)?.push(taken);
    else if (/^[^\s<]/.test(line)) found.set((current = line.trim()), []);
  }
  return found;
}
