import type { Evaluation, Feature, MatrixCell, TitleOf } from './matrix-parts.js';

/** The matrix in words, decided once for the page, the Markdown and the command line. */

type Level = MatrixCell['declared'];
type ScenarioKind = 'positive' | 'limit' | 'negative';

/** What a level means. The sign repeats the word, and never stands for it. */
export const LEVELS: Readonly<Record<Level, { readonly sign: string; readonly meaning: string }>> = {
  complete: { sign: '✓', meaning: 'does all that the feature means' },
  partial: { sign: '◐', meaning: 'does it within limits, which are named' },
  missing: {
    sign: '✕',
    meaning: 'does not do it, for the reason that is named; what asks for it is refused before anything is sent',
  },
};
export const LEVEL_NAMES = ['complete', 'partial', 'missing'] as const satisfies readonly Level[];

type Proof = 'live' | 'simulator' | 'none';

/** How a level was proven: in a sentence, and where there is room for a word. */
export const PROOFS: Readonly<
  Record<Proof, { readonly sign: string; readonly text: string; readonly word: string; readonly meaning: string }>
> = {
  live: { sign: '●', text: 'proven live', word: 'live', meaning: 'tests have shown it on the product itself' },
  simulator: {
    sign: '◍',
    text: 'proven on a simulator',
    word: 'simulator',
    meaning: 'tests have shown it on a simulator of the product, on a real socket',
  },
  none: {
    sign: '○',
    text: 'not proven',
    word: 'not proven',
    meaning: 'the driver declares it, and no test has shown it yet',
  },
};

export const SCENARIO_KINDS: Readonly<Record<ScenarioKind, string>> = {
  positive: 'it works',
  limit: 'its limits hold',
  negative: 'it is refused, and nothing is sent',
};

/** The level that a reader sees: what is proven of it; while nothing is, what the driver declares. */
export function shownLevel({ level, declared }: Pick<MatrixCell, 'level' | 'declared'>): Level {
  return level === 'unproven' ? declared : level;
}

export function proofOf({ level, grade }: Pick<MatrixCell, 'level' | 'grade'>): Proof {
  return level === 'unproven' || grade === null ? 'none' : grade;
}

/** That a driver declares another level than is proven; null when it does not. */
export function differenceText({ declared, proven }: Pick<MatrixCell, 'declared' | 'proven'>): string | null {
  return proven === null || proven === declared ? null : `declared ${declared}, proven ${proven}`;
}

/** What the matrix demands, in a word; what a choice or a condition is, {@link demandText} tells. */
export function statusWord({ status, group, condition }: Feature): string {
  if (group !== null) return 'choice';
  return condition === null ? status : 'condition';
}

/** What the matrix demands of a driver for this feature. */
export function demandText(feature: Feature, titleOf: TitleOf): string {
  const { status, group, condition } = feature;
  if (group !== null) return `choice: at least one of ${groupName(group)} is demanded`;
  if (condition === null) return status;
  return `demanded where ${conditionText(condition.enforced, titleOf)}`;
}

/** What a request that needs the feature looks like; empty while no request can ask for it. */
export function askedForWith({ governs }: Feature): string[] {
  return governs.map(({ method, field, values }) => {
    if (field === null) return method;
    if (values === null) return `${method} with ${field}`;
    return `${method} with ${field}: ${values.map((value) => (value === null ? 'not given' : String(value))).join(' or ')}`;
  });
}

/** One thing that the matrix demands and a driver does not have, or has within limits. */
export interface Shortcoming {
  readonly kind: 'missing' | 'limits';
  /** What is wrong; the features follow it. */
  readonly text: string;
  readonly features: readonly string[];
}

/** What a driver lacks of all that is demanded. */
export function shortcomingsOf(
  { mandatory_missing, choices_without_member, conditions_violated, mandatory_with_limits }: Evaluation,
  titleOf: TitleOf,
): Shortcoming[] {
  const some = (text: string, features: readonly string[], kind: Shortcoming['kind'] = 'missing'): Shortcoming[] =>
    features.length === 0 ? [] : [{ kind, text, features }];
  return [
    ...some('mandatory, and missing', mandatory_missing),
    ...choices_without_member.map((group) => ({
      kind: 'missing' as const,
      text: `none of ${groupName(group)}`,
      features: [],
    })),
    ...conditions_violated.flatMap(({ feature, condition }) =>
      some(`demanded because ${conditionText(condition, titleOf)}`, [feature]),
    ),
    ...some('mandatory, and there with limits', mandatory_with_limits, 'limits'),
  ];
}

const GROUPS: Readonly<Record<string, string>> = {
  'guest.setup': 'the ways to set up a guest',
  console: 'the consoles',
  'networking.topology': 'the network topologies',
};

/** A group of choices, in words. */
export function groupName(group: string): string {
  return GROUPS[group] ?? `the group ${group}`;
}

function conditionText(condition: string, titleOf: TitleOf): string {
  const [feature = '', level = ''] = condition.split('==');
  return `${titleOf(feature)} is ${level}`;
}

/** `3 mandatory features`, `1 mandatory feature`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
