import { compileNameFilter } from '../name-filter.js';
import type { Query } from '../query.js';

/** A test on one field of a list item; a parameter that is not given accepts everything, a repeated one means "or". */
type Test = (value: string) => boolean;

/** Filter by Java regular expression on the whole value (hmc-dpm.md section 7). Throws 400 for unusable patterns. */
export function patternFilter(query: Query, parameter: string): Test {
  const patterns = query.all(parameter).map((pattern) => compileNameFilter(parameter, pattern));
  return (value) => patterns.length === 0 || patterns.some((pattern) => pattern.test(value));
}

/** Filter by exact value, for enumerations. */
export function exactFilter(query: Query, parameter: string): Test {
  const values = query.all(parameter);
  return (value) => values.length === 0 || values.includes(value);
}
