import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inCheckout } from './checkout.mjs';
import { npm } from './npm.mjs';
import { show } from './run.mjs';
import { Stop } from './stop.mjs';

const stamp = inCheckout('dist', '.built-from');

/**
 * Compiles src into dist, and that of each package of ours, unless they were compiled from exactly these sources.
 *
 * @throws {Stop}
 */
export async function build() {
  const wanted = sourcesHash();
  if (readStamp() === wanted) return;
  console.log('Compiling …');
  const { status } = await show(...npm('run', '--silent', 'build'));
  if (status !== 0) throw new Stop('The sources do not compile; the messages are above.');
  writeFileSync(stamp, wanted);
}

function readStamp() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}

function sourcesHash() {
  const packages = readdirSync(inCheckout('packages')).map((name) => inCheckout('packages', name, 'src'));
  const sources = [inCheckout('src'), ...packages]
    .flatMap((directory) => readdirSync(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
    .sort();
  const settings = ['package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
  const hash = createHash('sha256');
  for (const file of [...sources, ...settings.map((name) => inCheckout(name))])
    hash.update(relative(inCheckout(), file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
