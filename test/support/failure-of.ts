import { ComputeError } from '../../src/common/errors/index.js';

/** The ComputeError that a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<ComputeError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ComputeError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
