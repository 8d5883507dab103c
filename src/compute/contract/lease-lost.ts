import { ComputeError } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';

const REASON = 'lease_lost';

/** What stops a worker that an operation no longer belongs to: it sends nothing more, and stores no outcome. */
export function leaseLost(operationId: OperationId): ComputeError {
  return new ComputeError(
    'OPERATION_FAILED',
    'another worker has taken this operation over; nothing more is sent from here',
    { operationId, outcome: 'unknown', details: { reason: REASON } },
  );
}

export function isLeaseLost(error: unknown): boolean {
  return error instanceof ComputeError && error.code === 'OPERATION_FAILED' && error.details['reason'] === REASON;
}
