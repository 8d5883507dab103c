// `npm run torture`: docs/torture.md says what it does and how to read what it finds.
import { writeFileSync } from 'node:fs';
import { inCheckout } from '../scripts/environment/checkout.mjs';
import { mutantNamed, runMutant, runMutants } from './mutants/run-mutants.mjs';
import { readOptions, usage } from './options.mjs';
import { print } from './report.mjs';
import { run } from './run.mjs';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)));

let options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(2);
}
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const parts = { signal: interrupt.signal, tell: (line) => console.log(line) };
console.log(`Seed ${options.seed}: ${options.operations} requests, ${options.database}, ${options.workers} workers`);
try {
  process.exitCode = (await (options.mutants ? all() : one())) ? 0 : 1;
} catch (error) {
  console.error(interrupt.signal.aborted || error instanceof TypeError ? String(error.message) : error);
  // What was going on when it was interrupted has lost its stage: nothing of it is waited for.
  if (interrupt.signal.aborted) process.exit(130);
  process.exitCode = 1;
}

/** A mutant is a success when it breaks promises, as everywhere else: its exit status is 1. */
async function one() {
  const { outcome } =
    options.mutant === undefined
      ? { outcome: await run(options, { dist: inCheckout('dist'), ...parts }) }
      : await runMutant(mutantNamed(options.mutant), options, parts);
  print(outcome);
  report(outcome);
  return outcome.violations.length === 0;
}

async function all() {
  const results = await runMutants(options, parts);
  report({ mutants: results });
  const missed = results.filter(({ isFound }) => !isFound);
  console.log(`${results.length - missed.length} of ${results.length} mutants were found out`);
  return missed.length === 0;
}

function report(found) {
  if (options.report !== undefined) writeFileSync(options.report, JSON.stringify({ seed: options.seed, ...found }));
}
