import { fileURLToPath } from 'node:url';

/** Arguments for jest, to keep what conformance tests show beside what it reports anyway. */
export const jestReporters = [
  '--reporters=default',
  `--reporters=${fileURLToPath(new URL('reporter.mjs', import.meta.url))}`,
];
