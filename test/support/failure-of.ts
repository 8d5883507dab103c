import { ComputeError } from '../../src/common/errors/index.js';

/** The ComputeError that a promise rejects with. */
export function failureOf(promise: Promise<unknown>): Promise<ComputeError> {
  return rejectionOf(promise, ComputeError);
}

/** The error of this kind that a promise rejects with. */
export async function rejectionOf<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
