import { ComputeError, errorCodeOf } from '../common/errors/index.js';

/** Runs a database call: its errors become JOURNAL_UNAVAILABLE, what was classified already passes. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ComputeError) throw error;
    const code = errorCodeOf(error);
    const text = `the journal did not answer${code === undefined ? '' : ` (${code})`}`;
    throw new ComputeError('JOURNAL_UNAVAILABLE', text, { cause: error });
  }
}
