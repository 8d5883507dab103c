import { inCheckout } from '../environment/checkout.mjs';
import { drift } from './drift.mjs';
import { FRESH, KEPT, readEvidence } from './files.mjs';

/**
 * Compares what the last run has shown with what is kept. Levels are those that the built service publishes.
 *
 * @returns {Promise<string[]>} a line for each difference
 */
export async function evidenceDrift() {
  /** @type {{ provenLevel: import('./drift.mjs').LevelOf }} */
  const { provenLevel } = await import(inCheckout('dist', 'features', 'index.js'));
  return drift(readEvidence(KEPT), readEvidence(FRESH), provenLevel);
}
