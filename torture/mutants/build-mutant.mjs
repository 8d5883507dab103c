// A copy of the compiled service with one of its safeties removed.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCheckout } from '../../scripts/environment/checkout.mjs';

/**
 * @param {import('./mutants.mjs').Mutant} mutant
 * @returns {{ dist: string, discard: () => void }}
 * @throws {Error} when the code to be changed is not there exactly once: then the mutant has to follow the code
 */
export function buildMutant({ name, patches }) {
  // Below the checkout, where its packages are found.
  mkdirSync(inCheckout('.zenova'), { recursive: true });
  const directory = mkdtempSync(inCheckout('.zenova', `mutant-${name}-`));
  const discard = () => rmSync(directory, { recursive: true, force: true });
  try {
    const dist = join(directory, 'dist');
    cpSync(inCheckout('dist'), dist, { recursive: true });
    for (const beside of ['package.json', 'page']) {
      cpSync(inCheckout(beside), join(directory, beside), { recursive: true });
    }
    for (const { file, find, replace } of patches) {
      const path = join(dist, file);
      const parts = readFileSync(path, 'utf8').split(find);
      if (parts.length !== 2)
        throw new Error(
          `Mutant ${name} needs care: in dist/${file} there are ${parts.length - 1} places, not one, that read\n${find}\nLet its patch in torture/mutants/mutants.mjs follow the code.`,
        );
      writeFileSync(path, parts.join(replace));
    }
    return { dist, discard };
  } catch (error) {
    discard();
    throw error;
  }
}
