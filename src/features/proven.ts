import type { FeatureClaim } from './declare.js';
import type { Grade, Scenario } from './evidence.js';

export type FeatureLevel = FeatureClaim['level'];

/**
 * What the scenarios of one feature prove of one driver: `complete` when it works and was found to have no limit, `partial`
 * when it works and its limits hold, `missing` when it is refused without a word to the backend. Null where nothing was tried,
 * something failed or was skipped, or it both works and is refused.
 */
export function provenLevel(scenarios: readonly Pick<Scenario, 'kind' | 'result'>[]): FeatureLevel | null {
  if (scenarios.some(({ result }) => result !== 'passed')) return null;
  const kinds = new Set(scenarios.map(({ kind }) => kind));
  if (kinds.has('negative')) return kinds.size === 1 ? 'missing' : null;
  if (!kinds.has('positive')) return null;
  return kinds.has('limit') ? 'partial' : 'complete';
}

/** One cell of the matrix. */
export interface Cell {
  /** The lower of declared and proven; `unproven` while no evidence tells. */
  readonly level: FeatureLevel | 'unproven';
  readonly declared: FeatureLevel;
  readonly proven: FeatureLevel | null;
  /** The best of its evidence. */
  readonly grade: Grade | null;
}

/** @param scenarios of this feature and driver */
export function cellOf(claim: FeatureClaim, scenarios: readonly Scenario[]): Cell {
  const declared = claim.level;
  const proven = provenLevel(scenarios);
  const grade = proven === null ? null : scenarios.some((one) => one.grade === 'live') ? 'live' : 'simulator';
  return { level: proven === null ? 'unproven' : lower(declared, proven), declared, proven, grade };
}

const LEVELS: readonly FeatureLevel[] = ['missing', 'partial', 'complete'];

function lower(one: FeatureLevel, other: FeatureLevel): FeatureLevel {
  return LEVELS.indexOf(one) < LEVELS.indexOf(other) ? one : other;
}

/** @param level `unproven` reaches nothing */
export function reaches(level: Cell['level'], least: FeatureLevel): boolean {
  return level !== 'unproven' && LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}
