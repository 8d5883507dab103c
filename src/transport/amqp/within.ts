import { TimeoutStrategy, isTaskCancelledError, timeout } from 'cockatiel';
import { ComputeError } from '../../common/errors/index.js';

/**
 * Bounds a wait for the broker. A queue that has no leader keeps it from answering, and its channel from closing, for as
 * long as that lasts.
 *
 * @throws ComputeError BACKEND_TIMEOUT, and whatever `work` throws
 */
export async function within<T>(timeoutMs: number, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await timeout(timeoutMs, TimeoutStrategy.Aggressive).execute(work);
  } catch (error) {
    if (!isTaskCancelledError(error)) throw error;
    throw new ComputeError('BACKEND_TIMEOUT', `the broker did not ${what} within ${timeoutMs} ms`);
  }
}
