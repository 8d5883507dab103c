import { packageVersion } from './common/package-version.js';
import { matrixAnswer } from './compute/dispatch/feature-answers.js';
import { POWER_TYPES, VIRT_DRIVERS } from './drivers/driver-registry.js';
import { readEvidence } from './evidence-files.js';
import { matrixMarkdown } from './matrix-view/index.js';

/** The feature matrix as the documentation has it: of this version, with the evidence that belongs to it. */
export function featureMatrixPage(): string {
  const matrix = matrixAnswer({
    version: packageVersion(),
    drivers: VIRT_DRIVERS,
    powerTypes: POWER_TYPES,
    evidence: readEvidence(),
  });
  return matrixMarkdown(matrix, { remark: 'Written by `npm run docs:generate`.' });
}
