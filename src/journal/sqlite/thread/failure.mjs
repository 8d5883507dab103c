/** @import { Failure } from '../protocol.js' */

/** @type {(error: unknown) => Failure} */
export function failureOf(error) {
  if (!(error instanceof Error)) return ['Error', String(error), undefined];
  return [error.name, error.message, 'code' in error && typeof error.code === 'string' ? error.code : undefined];
}
