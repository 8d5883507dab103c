import { ComputeError, errorCodeOf } from '../common/errors/index.js';
import { HttpFailure } from '../connectors/http/index.js';

/** What went wrong on the way from or to an address, as an error of ours. @param what was to be done: "fetched" */
export function explained(error: unknown, shown: string, what: 'fetched' | 'put there'): unknown {
  if (error instanceof ComputeError) return error;
  if (error instanceof HttpFailure) {
    return failed(`the image at ${shown} cannot be ${what}: ${error.message}`, 'safe', error);
  }
  const code = errorCodeOf(error);
  if (code === undefined) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') return absent(shown);
  return failed(`the image at ${shown} cannot be ${what} (${code})`, 'safe', error);
}

export function absent(shown: string): ComputeError {
  return new ComputeError('RESOURCE_NOT_FOUND', `there is no image at ${shown}`);
}

export function failed(message: string, retry: 'never' | 'safe' = 'never', cause?: unknown): ComputeError {
  return new ComputeError('OPERATION_FAILED', message, { retry, outcome: 'not-applied', cause });
}
