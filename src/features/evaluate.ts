import { groupOf, type CatalogueEntry } from './catalogue-entry.js';
import { reaches, type Cell } from './proven.js';

/** What the matrix demands of a driver and the driver does not have. */
export interface Evaluation {
  readonly mandatoryMissing: readonly string[];
  /** Which satisfies the matrix. */
  readonly mandatoryWithLimits: readonly string[];
  /** Groups of choices of which it has no feature. */
  readonly choicesWithoutMember: readonly string[];
  readonly conditionsViolated: readonly { readonly feature: string; readonly condition: string }[];
}

/**
 * Holds the levels of one driver against the catalogue (DESIGN 6): `partial` satisfies what is mandatory and a choice, a
 * condition compares literally. A level that is not there, or `unproven`, is none.
 */
export function evaluate(
  catalogue: Readonly<Record<string, CatalogueEntry>>,
  levels: Readonly<Record<string, Cell['level']>>,
): Evaluation {
  const has = (feature: string): boolean => reaches(levels[feature] ?? 'unproven', 'partial');
  const entries = Object.entries(catalogue);
  const mandatory = entries.filter(([, { status }]) => status === 'mandatory').map(([feature]) => feature);
  const groups = new Set(entries.flatMap(([, { status }]) => groupOf(status) ?? []));
  return {
    mandatoryMissing: mandatory.filter((feature) => !has(feature)),
    mandatoryWithLimits: mandatory.filter((feature) => levels[feature] === 'partial'),
    choicesWithoutMember: [...groups].filter(
      (group) => !entries.some(([feature, { status }]) => groupOf(status) === group && has(feature)),
    ),
    conditionsViolated: entries.flatMap(([feature, { status }]) => {
      if (typeof status === 'string' || 'choice' in status) return [];
      const isViolated = holds(status.enforced, levels) && !has(feature);
      return isViolated ? [{ feature, condition: status.enforced }] : [];
    }),
  };
}

export function isSatisfied(evaluation: Evaluation): boolean {
  const { mandatoryMissing, choicesWithoutMember, conditionsViolated } = evaluation;
  return mandatoryMissing.length + choicesWithoutMember.length + conditionsViolated.length === 0;
}

/** @throws RangeError when the expression is not `<feature>==<level>` */
function holds(expression: string, levels: Readonly<Record<string, Cell['level']>>): boolean {
  const [, feature, level] = /^([a-z.-]+)==(complete|partial|missing)$/.exec(expression) ?? [];
  if (feature === undefined) throw new RangeError(`not a condition: ${expression}`);
  return levels[feature] === level;
}
