import type { ComputeError } from '../../common/errors/index.js';
import type { OperationRecord } from '../../journal/journal.port.js';
import type { AuditEvent, AuditFact, RequestMeta } from '../contract/index.js';
import type { Destination } from './destination.js';

/** A fact about an operation, as it is now. */
export function operationFact(event: AuditEvent, record: OperationRecord): AuditFact {
  const said = record.result?.['outcome'];
  return {
    event,
    requestedBy: record.requestedBy,
    method: record.method,
    driver: record.driver,
    host: record.host,
    name: record.name,
    target: record.target,
    operationId: record.id,
    idempotencyKey: record.requestKey,
    correlationId: record.correlationId,
    outcome: record.finishedAt === null ? null : typeof said === 'string' ? said : record.state,
    code: record.error?.code ?? null,
  };
}

/** A fact about a request that is no operation, or not yet; its fields, as far as the schema has checked them. */
export function requestFact(
  event: AuditEvent,
  method: string,
  { requestedBy, correlationId, requestId }: RequestMeta,
  request: Destination & { readonly idempotency_key?: string | undefined },
  error?: ComputeError,
): AuditFact {
  return {
    event,
    requestedBy,
    method,
    driver: request.power_type ?? null,
    host: request.host ?? null,
    name: request.instance ?? request.machine ?? request.name ?? null,
    target: error?.target ?? null,
    operationId: error?.operationId ?? null,
    idempotencyKey: request.idempotency_key ?? requestId,
    correlationId,
    outcome: null,
    code: error?.code ?? null,
  };
}
