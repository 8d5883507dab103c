import { provenLevel, reaches, type FeatureClaim, type FeatureLevel } from '../../src/features/index.js';
import { Nonconformance } from './scenario.js';
import type { ScenarioOutcome } from './suite.js';

/** A feature whose declared level is not the one that the suite has proven. */
export interface LevelFault {
  readonly feature: string;
  /**
   * - `above`: declared above what is proven.
   * - `below`: what is declared missing works, or what limits exclude.
   * - `unproven`: declared missing, and not refused as it should be.
   */
  readonly kind: 'above' | 'below' | 'unproven';
  readonly text: string;
}

/**
 * Declared and proven levels have to be the same. A missing feature that no method of the contract asks for has no
 * scenario: nothing is proven of it, and nothing is claimed.
 */
export function levelFaults(
  claims: Readonly<Record<string, FeatureClaim>>,
  outcomes: readonly ScenarioOutcome[],
): LevelFault[] {
  return Object.entries(claims).flatMap(([feature, { level: declared }]) => {
    const own = outcomes.filter((outcome) => outcome.feature === feature);
    const proven = provenLevel(own);
    if (proven === declared || (declared === 'missing' && own.length === 0)) return [];
    const failed = own.flatMap(({ id, error, result }) => (result === 'passed' ? [] : [`${id}: ${String(error)}`]));
    const because = failed.length > 0 ? `; ${failed.join('; ')}` : own.length === 0 ? '; it has no scenario' : '';
    const text = `${feature} is declared ${declared}, and ${proven === null ? 'not proven' : `proven ${proven}`}${because}`;
    return [{ feature, kind: kindOf(declared, proven, own), text }];
  });
}

function kindOf(
  declared: FeatureLevel,
  proven: FeatureLevel | null,
  outcomes: readonly ScenarioOutcome[],
): LevelFault['kind'] {
  if (proven !== null) return reaches(proven, declared) ? 'below' : 'above';
  const isDone = outcomes.some(
    ({ kind, error }) => kind !== 'positive' && error instanceof Nonconformance && error.reason === 'not-refused',
  );
  if (isDone) return 'below';
  return declared === 'missing' ? 'unproven' : 'above';
}
