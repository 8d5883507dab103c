import type { Log } from '../../common/log.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import { traceField } from '../contract/index.js';

/** A log whose lines all say which operation they are about. */
export function logOf(log: Log, { id, correlationId, trace }: OperationRecord): Log {
  return log.child({ operation_id: id, correlation_id: correlationId, ...traceField(trace) });
}
