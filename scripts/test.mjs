/**
 * `npm test [-- <jest arguments>]`: every check of this repository, one after the other. The last line reads
 * `N passed, N failed` and counts each jest test and each other step as one. A test that is skipped has not passed.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from './environment/build.mjs';
import { checkUnit } from './check-unit.mjs';
import { inCheckout } from './environment/checkout.mjs';
import { evidenceDrift } from './evidence/gate.mjs';
import { FRESH, forgetEvidence } from './evidence/files.mjs';
import { jestReporters } from './evidence/jest-reporters.mjs';
import { npm } from './environment/npm.mjs';
import { prepare } from './environment/prepare.mjs';
import { show } from './environment/run.mjs';
import { main, Stop } from './environment/stop.mjs';
import { withServices } from './environment/with-services.mjs';

/** @typedef {{ passed: number, failed: number }} Counts; neither, when a step was skipped */

/** Many tests start private servers, to break them. @type {import('./environment/prepare.mjs').Needs} */
const needs = {
  broker: 'installed',
  postgres: 'installed',
  oslo: true,
  browser: true,
  curl: true,
  cloudInit: true,
  xorriso: true,
  libvirt: true,
  sshd: true,
  libvirtSchemas: true,
  guests: true,
};
const jestArgs = process.argv.slice(2);
const resultsFile = inCheckout('.zenova', 'jest-results.json');

/** @type {[title: string, step: () => Promise<Counts>][]} */
const steps = [
  ['format', () => script('format:check')],
  ['lint', () => script('lint')],
  ['types', () => script('types')],
  ['layers', () => script('layers')],
  ['dead code', () => script('dead-code')],
  ['unit', checkUnit],
  ['build', () => build().then(() => ({ passed: 1, failed: 0 }))],
  ['jest', jest],
  ['evidence', evidence],
];

await main(async () => {
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const summary = [];

  /** @type {(title: string, step: () => Promise<Counts>) => Promise<boolean>} */
  const take = async (title, step) => {
    console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`);
    const began = performance.now();
    const counts = await step().catch(failedWith);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    total.passed += counts.passed;
    total.failed += counts.failed;
    const word = counts.failed > 0 ? 'FAILED' : counts.passed > 0 ? 'ok' : 'skipped';
    const line = `${word.padEnd(7)} ${title.padEnd(10)} ${seconds.padStart(6)} s`;
    console.log(line);
    summary.push(line);
    return counts.failed === 0;
  };

  if (await take('prepare', () => prepare(needs).then(() => ({ passed: 1, failed: 0 }))))
    for (const [title, step] of steps) await take(title, step);

  console.log(`\n${summary.join('\n')}`);
  if (jestArgs.length > 0) console.log(`Only a part of the jest tests ran: ${jestArgs.join(' ')}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});

/**
 * @param {unknown} error
 * @returns {Counts}
 */
function failedWith(error) {
  console.error(error instanceof Stop ? error.message : error);
  return { passed: 0, failed: 1 };
}

/** @param {string} name of a script in package.json */
async function script(name) {
  const { status, wasInterrupted } = await show(...npm('run', '--silent', name));
  if (wasInterrupted) process.exit(130);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** @returns {Promise<Counts>} */
async function jest() {
  mkdirSync(inCheckout('.zenova'), { recursive: true });
  rmSync(resultsFile, { force: true });
  forgetEvidence(FRESH);
  const services = { broker: async () => ({}), postgres: async () => ({ fsync: false }) };
  const status = await withServices(services, async (env) => {
    const [command, args, options] = npm('run', '--silent', 'jest', '--');
    const jestOptions = ['--json', `--outputFile=${resultsFile}`, ...jestArgs, ...jestReporters];
    return (await show(command, [...args, ...jestOptions], { ...options, env })).status;
  });
  const counts = readResults();
  // jest also ends badly for reasons that no test shows: nothing found to run, a crash, a threshold.
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** @returns {Promise<Counts>} */
async function evidence() {
  if (jestArgs.length > 0) {
    console.log('Only a part of the jest tests ran, so that what they showed is not compared with evidence/.');
    return { passed: 0, failed: 0 };
  }
  const lines = await evidenceDrift();
  if (lines.length === 0) return { passed: 1, failed: 0 };
  console.log(
    `${lines.join('\n')}\n\nWhen that is as it should be: npm run evidence, npm run docs:generate, and commit what they wrote.`,
  );
  return { passed: 0, failed: 1 };
}

/** @returns {Counts} */
function readResults() {
  /** @type {Record<'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numTodoTests' | 'numRuntimeErrorTestSuites', number>} */
  const results = JSON.parse(readFileSync(resultsFile, 'utf8'));
  // Under a name filter jest reports what the filter left out as pending.
  const skipped = jestArgs.length > 0 ? 0 : results.numPendingTests + results.numTodoTests;
  if (skipped > 0) console.log(`${skipped} tests were skipped, which counts as failed.`);
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites + skipped,
  };
}
