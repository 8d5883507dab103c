import { groupBy } from './check/outcomes.mjs';

const examples = 3;

/** @param {import('./run.mjs').Outcome} outcome */
export function print({ numbers, violations }) {
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === 'number') console.log(`${name.padEnd(42)} ${value}`);
    else for (const [kind, count] of Object.entries(value)) console.log(`${`${name}: ${kind}`.padEnd(42)} ${count}`);
  }
  for (const [rule, found] of groupBy(violations, ({ rule }) => rule)) {
    console.log(`\n${rule}: ${found.length}`);
    for (const { what, evidence } of found.slice(0, examples)) {
      console.log(`  ${what}`);
      for (const piece of evidence) console.log(`    ${JSON.stringify(piece)}`);
    }
  }
  console.log(violations.length === 0 ? '\nNo promise was broken.' : `\n${violations.length} violations.`);
}
