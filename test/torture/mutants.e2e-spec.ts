import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { mutants } from '../../torture/mutants/mutants.mjs';

const DIST = resolve(import.meta.dirname, '../../dist');

/** Whoever moves a safety takes its mutant along, and does not find out in a run of hours. */
it.each(mutants.map(({ name, patches }) => [name, patches] as const))(
  'the mutant %s breaks the code as it is now',
  (_name, patches) => {
    for (const { file, find } of patches) {
      const places = readFileSync(resolve(DIST, file), 'utf8').split(find).length - 1;
      expect({ file, find, places }).toEqual({ file, find, places: 1 });
    }
  },
);
