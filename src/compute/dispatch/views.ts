import { isoTime } from '../../common/clock.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import type { OperationView } from '../contract/index.js';

/** An operation as callers see it. */
export function operationView(record: OperationRecord, progress: OperationView['progress']): OperationView {
  const time = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
  return {
    operation_id: record.id,
    parent_operation_id: record.parentId,
    method: record.method,
    state: record.state,
    driver: record.driver,
    target: record.target,
    host: record.host,
    name: record.name,
    requested_by: record.requestedBy,
    idempotency_key: record.requestKey,
    message_id: record.messageId,
    correlation_id: record.correlationId,
    accepted_at: isoTime(record.acceptedAt),
    started_at: time(record.startedAt),
    finished_at: time(record.finishedAt),
    not_after: time(record.notAfter),
    attempts: record.attempts,
    progress,
    result: record.result,
    error: record.error,
  };
}
