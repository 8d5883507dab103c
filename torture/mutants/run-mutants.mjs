import { run } from '../run.mjs';
import { buildMutant } from './build-mutant.mjs';
import { mutants } from './mutants.mjs';

/**
 * Runs the harness on one mutant.
 *
 * @param {import('./mutants.mjs').Mutant} mutant
 * @param {import('../options.mjs').Options} options
 * @param {{ signal: AbortSignal, tell: (line: string) => void }} parts
 */
export async function runMutant(mutant, options, parts) {
  const { dist, discard } = buildMutant(mutant);
  try {
    const outcome = await run(options, { dist, ...parts });
    const rules = [...new Set(outcome.violations.map(({ rule }) => rule))];
    return { outcome, rules, isFound: rules.some((rule) => mutant.foundBy.includes(rule)) };
  } finally {
    discard();
  }
}

/**
 * All that the database permits, each in the scenarios where it shows.
 *
 * @param {import('../options.mjs').Options} options
 * @param {{ signal: AbortSignal, tell: (line: string) => void }} parts
 * @returns {Promise<{ name: string, rules: string[], isFound: boolean }[]>}
 */
export async function runMutants(options, { signal, tell }) {
  const results = [];
  for (const mutant of mutants) {
    if (mutant.database !== undefined && mutant.database !== options.database) continue;
    const { rules, isFound } = await runMutant(
      mutant,
      { ...options, mutant: mutant.name, scenarios: [...mutant.scenarios] },
      { signal, tell: () => undefined },
    );
    tell(`${isFound ? 'found    ' : 'NOT FOUND'} ${mutant.name.padEnd(34)} ${rules.join(', ') || '(no violation)'}`);
    results.push({ name: mutant.name, rules, isFound });
  }
  return results;
}

/** @param {string} name */
export function mutantNamed(name) {
  const mutant = mutants.find((other) => other.name === name);
  if (mutant === undefined)
    throw new TypeError(`there is no mutant ${name}; there are ${mutants.map(({ name }) => name).join(', ')}`);
  return mutant;
}
