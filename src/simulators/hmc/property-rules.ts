import type { ApiLevel } from './api-level.js';
import { refuse } from './hmc-error.js';

/**
 * When a property can be given: always, at creation and while stopped, at creation only, or never (hmc-dpm.md section 7:
 * W, W!, C and R).
 */
type Access = 'always' | 'stopped' | 'create' | 'never';

export interface PropertyRule {
  readonly access: Access;
  readonly accepts: (value: unknown) => boolean;
  readonly initial: unknown;
  /** The API version that brought it; an older HMC does not know the name. */
  readonly since?: readonly [major: number, minor: number];
  /** Never returned by a read. */
  readonly isSecret?: true;
}

export type PropertyRules = Readonly<Record<string, PropertyRule>>;

export const text = (value: unknown): boolean => typeof value === 'string' && value.length <= 1024;
export const textOrNull = (value: unknown): boolean => value === null || text(value);
export const shortText = (most: number) => (value: unknown) => typeof value === 'string' && value.length <= most;
export const name = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= 64;
export const flag = (value: unknown): boolean => typeof value === 'boolean';
export const integer = (low: number, high: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
export const fraction = (low: number, high: number) => (value: unknown) =>
  typeof value === 'number' && value >= low && value <= high;
export const orNull = (accepts: PropertyRule['accepts']) => (value: unknown) => value === null || accepts(value);
export const oneOf =
  (...values: string[]) =>
  (value: unknown) =>
    typeof value === 'string' && values.includes(value);
export const hex = (digits: number) => (value: unknown) =>
  typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/i.test(value);
export const listOf = (accepts: PropertyRule['accepts']) => (value: unknown) =>
  Array.isArray(value) && value.length <= 1000 && value.every((item) => accepts(item));

export const rule = (access: Access, accepts: PropertyRule['accepts'], initial: unknown): PropertyRule => ({
  access,
  accepts,
  initial,
});
export const readOnly = (initial: unknown): PropertyRule => rule('never', () => true, initial);
export const since = (major: number, minor: number, base: PropertyRule): PropertyRule => ({
  ...base,
  since: [major, minor],
});
export const secret = (): PropertyRule => ({ ...rule('always', text, null), isSecret: true });

/** Every property with the value that it has when nobody gave one. */
export function initialProperties(rules: PropertyRules): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rules).map(([property, { initial }]) => [property, initial]));
}

/** What a read returns: without secrets, and without what the API level does not know. */
export function readableProperties(
  rules: PropertyRules,
  stored: Readonly<Record<string, unknown>>,
  level: ApiLevel,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(stored).filter(([property]) => {
      const known = rules[property];
      return known?.isSecret !== true && (known?.since === undefined || level.isAtLeast(...known.since));
    }),
  );
}

/** Checks what a caller gives at a creation: 400,6 for unknown and read-only names, 400,7 for values. */
export function checkCreation(rules: PropertyRules, given: Readonly<Record<string, unknown>>, level: ApiLevel): void {
  for (const [property, value] of Object.entries(given)) checkField(rules, property, value, level, true);
}

/** Checks an update likewise. Returns true when it touches what only a stopped partition may change. */
export function checkUpdate(
  rules: PropertyRules,
  changes: Readonly<Record<string, unknown>>,
  level: ApiLevel,
): boolean {
  const accesses = Object.entries(changes).map(([property, value]) => checkField(rules, property, value, level, false));
  return accesses.includes('stopped');
}

function checkField(
  rules: PropertyRules,
  property: string,
  value: unknown,
  level: ApiLevel,
  isCreation: boolean,
): Access {
  const known = Object.hasOwn(rules, property) ? rules[property] : undefined;
  const isKnown = known !== undefined && (known.since === undefined || level.isAtLeast(...known.since));
  if (!isKnown || known.access === 'never' || (known.access === 'create' && !isCreation)) {
    throw refuse.fieldNotAllowed(property);
  }
  if (!known.accepts(value)) throw refuse.badValue(property, 'wrong type or out of range');
  return known.access;
}
