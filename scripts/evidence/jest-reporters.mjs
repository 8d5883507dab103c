import { fileURLToPath } from 'node:url';

/** Last arguments for jest (a list of reporters takes what follows it), to keep what conformance tests show beside what it reports anyway. */
export const jestReporters = [
  '--reporters=default',
  `--reporters=${fileURLToPath(new URL('reporter.mjs', import.meta.url))}`,
];
