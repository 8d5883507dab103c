import type { Insertable, Selectable } from 'kysely';
import { ComputeError, toComputeError, type JsonValue, type WireError } from '../common/errors/index.js';
import type { OperationId, TargetKey, WorkerId } from '../common/ids.js';
import type { TraceContext } from '../common/trace-context.js';
import type { ReplyAddress } from '../compute/contract/index.js';
import type { NewOperation, OperationRecord, OperationState } from './journal.port.js';
import type { OperationsTable } from './schema.js';
import type { SecretBox } from './secret-box.js';

/** State of a row whose target is kept for an operation that waits for its further ones; to callers it is accepted. */
export const HELD = 'held';
/** The states in which a row has its target for itself, as the unique index has them too. */
export const TAKEN = ['running', HELD] as const;

export type OperationRow = Insertable<Omit<OperationsTable, 'seq'>>;

/** What is read of an operation: what its next owner has to wait for is the database's own affair. */
export type StoredOperation = Omit<Selectable<OperationsTable>, 'in_flight_until'>;

/** The columns of an accepted operation, but for the number, which the database gives. */
export const OPERATION_COLUMNS = [
  'id',
  'requested_by',
  'request_key',
  'fingerprint',
  'message_id',
  'correlation_id',
  'method',
  'driver',
  'target',
  'target_settled',
  'also_targets',
  'holder_id',
  'parent_id',
  'host',
  'name',
  'params',
  'reply_to',
  'state',
  'owner',
  'fence',
  'attempts',
  'accepted_at',
  'started_at',
  'finished_at',
  'not_after',
  'result',
  'error',
  'trace',
] as const satisfies readonly (keyof OperationRow)[];

/** The row of an operation that has just been accepted. */
export function rowOf(operation: NewOperation, owner: WorkerId, box: SecretBox): OperationRow {
  return {
    id: operation.id,
    requested_by: operation.requestedBy,
    request_key: operation.requestKey,
    fingerprint: operation.fingerprint,
    message_id: operation.messageId,
    correlation_id: operation.correlationId,
    method: operation.method,
    driver: operation.driver,
    target: operation.target,
    target_settled: operation.targetSettled ? 1 : 0,
    also_targets: operation.alsoTargets.length === 0 ? null : JSON.stringify(operation.alsoTargets),
    holder_id: null,
    parent_id: operation.parentId,
    host: operation.host,
    name: operation.name,
    params: JSON.stringify(box.seal(operation.params)),
    reply_to: operation.replyTo === null ? null : JSON.stringify(operation.replyTo),
    state: 'accepted',
    owner,
    fence: 0,
    attempts: 0,
    accepted_at: operation.acceptedAt,
    started_at: null,
    finished_at: null,
    not_after: operation.notAfter,
    result: null,
    error: null,
    trace: operation.trace === null ? null : JSON.stringify(operation.trace),
  };
}

/** A row that keeps one further target for an operation, in the order of that target. */
export function holdRowOf(operation: OperationRow, target: TargetKey, number: number): OperationRow {
  return {
    ...operation,
    id: `${operation.id}/${number}`,
    request_key: `${operation.id}/${number}`,
    message_id: null,
    target,
    also_targets: null,
    holder_id: operation.id,
    params: '{}',
    reply_to: null,
  };
}

/** The operation as it was accepted, without reading it again. */
export function acceptedRecord(operation: NewOperation, seq: number, owner: WorkerId): OperationRecord {
  return {
    ...operation,
    seq,
    state: 'accepted',
    owner,
    fence: 0,
    attempts: 0,
    startedAt: null,
    finishedAt: null,
    result: null,
    error: null,
  };
}

/**
 * The operation of a row. Its parameters are decrypted when they are asked for, which throws JOURNAL_UNAVAILABLE when no key
 * at hand can: one that cannot be read hides no other.
 */
export function recordOf(row: StoredOperation, box: SecretBox): OperationRecord {
  let params: OperationRecord['params'] | undefined;
  return {
    seq: row.seq,
    id: row.id as OperationId,
    requestedBy: row.requested_by,
    requestKey: row.request_key,
    fingerprint: row.fingerprint,
    messageId: row.message_id,
    correlationId: row.correlation_id,
    method: row.method,
    driver: row.driver,
    target: row.target as TargetKey,
    targetSettled: row.target_settled === 1,
    alsoTargets: row.also_targets === null ? [] : (parse(row.also_targets) as TargetKey[]),
    parentId: row.parent_id as OperationId | null,
    host: row.host,
    name: row.name,
    get params() {
      params ??= readParams(row, box);
      return params;
    },
    replyTo: row.reply_to === null ? null : (parse(row.reply_to) as unknown as ReplyAddress),
    state: row.state === HELD ? 'accepted' : (row.state as OperationState),
    owner: row.owner as WorkerId | null,
    fence: row.fence,
    attempts: row.attempts,
    acceptedAt: row.accepted_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    notAfter: row.not_after,
    result: row.result === null ? null : (parse(row.result) as Record<string, JsonValue>),
    error: row.error === null ? null : (parse(row.error) as unknown as WireError),
    trace: row.trace === null ? null : (parse(row.trace) as unknown as TraceContext),
  };
}

function readParams({ id, params }: StoredOperation, box: SecretBox): Record<string, JsonValue> {
  try {
    return box.unseal(parse(params)) as Record<string, JsonValue>;
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'they are no JSON any more' : toComputeError(error).message;
    throw new ComputeError('JOURNAL_UNAVAILABLE', `the parameters of operation ${id} cannot be read: ${reason}`, {
      operationId: id,
      cause: error,
    });
  }
}

export function parse(text: string): JsonValue {
  return JSON.parse(text) as JsonValue;
}
