/** `npm run evidence`: runs the conformance suite and keeps what it has shown in `evidence/`, unless something failed. */
import { FRESH, KEPT, forgetEvidence, readEvidence, writeEvidence } from './evidence/files.mjs';
import { jestReporters } from './evidence/jest-reporters.mjs';
import { npm } from './environment/npm.mjs';
import { show } from './environment/run.mjs';
import { main } from './environment/stop.mjs';

await main(async () => {
  forgetEvidence(FRESH);
  const { status } = await show(...npm('run', '--silent', 'jest', '--', 'test/conformance', ...jestReporters));
  if (status !== 0) {
    console.log('\nevidence/ stays as it is: not everything that is declared was shown');
    return 1;
  }
  const fresh = readEvidence(FRESH);
  writeEvidence(KEPT, fresh.values());
  console.log(`\nevidence/ holds what was shown of ${[...fresh.keys()].toSorted().join(', ')}`);
  console.log('docs/feature-matrix.md is made of it: npm run build, npm run docs:generate');
  return 0;
});
