import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inCheckout } from './checkout.mjs';
import { npm } from './npm.mjs';
import { run } from './run.mjs';
import { Stop } from './stop.mjs';

const patienceMs = 15 * 60_000;
const prefix = dirname(dirname(process.execPath));

/** Whether better-sqlite3 loads into this Node. Tried in a process of its own: a module once loaded stays loaded. */
export async function isNativeModuleUsable() {
  const probe = "new (require('better-sqlite3'))(':memory:').close()";
  return run(process.execPath, ['-e', probe], { cwd: inCheckout() }).then(
    () => true,
    () => false,
  );
}

/**
 * Whether the headers of exactly this Node lie beside it. They do when Node came from its own archive, from nvm or
 * from a NodeSource or Debian package with npm. node-gyp would otherwise fetch them from nodejs.org.
 */
export function hasNodeHeaders() {
  const file = join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) return false;
  const abi = /^#define NODE_MODULE_VERSION (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1];
  return abi === process.versions.modules;
}

/**
 * The npm arguments that build better-sqlite3: against the headers at hand, or else by its own install script, which
 * downloads a ready-made binary, or the headers.
 */
export function nativeModuleBuild() {
  return hasNodeHeaders() ? ['run', 'build:native', '--', `--nodedir=${prefix}`] : ['rebuild', 'better-sqlite3'];
}

/** @throws {Stop} */
export async function buildNativeModule() {
  const [command, args, options] = npm(...nativeModuleBuild());
  try {
    await run(command, args, { ...options, timeoutMs: patienceMs });
  } catch (error) {
    const hint = hasNodeHeaders()
      ? ''
      : ` The headers of this Node are not in ${join(prefix, 'include', 'node')}, and neither they nor a ready-made ` +
        'binary could be downloaded: use a Node that comes with its headers, as the archives of nodejs.org do.';
    throw new Stop(`${String(error)}\n\nThe native module better-sqlite3 could not be built.${hint}`);
  }
  if (!(await isNativeModuleUsable())) throw new Stop('The native module better-sqlite3 was built but does not load.');
}
