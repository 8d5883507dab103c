import { isDeepStrictEqual } from 'node:util';
import { pick } from '../pick.mjs';

/** Rules about what callers learn: each accepted request has one outcome, and every caller is told the same one. */

/** @typedef {import('./history.js').History} History */
/** @typedef {import('./history.js').Operation} Operation */
/** @typedef {import('./history.js').Reply} Reply */
/** @typedef {import('./history.js').Request} Request */
/** @typedef {import('./history.js').Violation} Violation */

/** Refusals that a repeat of a request may meet although the first was accepted: nothing was begun, and it says so. */
const REFUSED = 'not-started';

/**
 * @param {History} history
 * @returns {Violation[]}
 */
export function checkOutcomes({ operations, requests, listed }) {
  const byKey = groupBy(operations, ({ key }) => key);
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  return [
    ...operations.filter(({ finishedAt }) => finishedAt === null).map(noOutcome),
    ...[...byKey.values()].filter(({ length }) => length > 1).map(twoForOneKey),
    ...checkKeys(requests),
    ...requests.flatMap((request) => checkRequest(request, byKey.get(request.key)?.[0], byId)),
    ...checkList(listed, byId),
  ];
}

/**
 * @param {Operation} operation
 * @returns {Violation}
 */
const noOutcome = (operation) => ({
  rule: 'no-outcome',
  what: `${operation.id} was accepted and has no outcome`,
  evidence: [brief(operation)],
});

/**
 * @param {Operation[]} operations
 * @returns {Violation}
 */
const twoForOneKey = (operations) => ({
  rule: 'two-operations-for-one-key',
  what: `${operations.length} operations were accepted for the key ${operations[0]?.key}`,
  evidence: operations.map(brief),
});

/**
 * Whatever the journal calls it: all that are told of one key are told of one operation.
 *
 * @param {readonly Request[]} requests
 * @returns {Violation[]}
 */
function checkKeys(requests) {
  const honest = requests.filter(({ isMisuse }) => !isMisuse);
  return [...groupBy(honest, ({ key }) => key)].flatMap(([key, of]) => {
    const ids = new Set(
      of.flatMap(({ replies }) => replies.filter(isTold).flatMap((reply) => operationIdOf(reply) ?? [])),
    );
    if (ids.size < 2) return [];
    return [
      {
        rule: 'two-operations-for-one-key',
        what: `callers of ${key} were told of ${[...ids].join(' and ')}`,
        evidence: of,
      },
    ];
  });
}

/**
 * @param {Request} request
 * @param {Operation | undefined} operation the one accepted for its key
 * @param {ReadonlyMap<string, Operation>} byId
 * @returns {Violation[]}
 */
function checkRequest(request, operation, byId) {
  /** @type {Violation[]} */
  const found = [];
  const about = { ...request, replies: request.replies.slice(0, 4) };
  const add = (/** @type {string} */ rule, /** @type {string} */ what, /** @type {unknown[]} */ ...evidence) =>
    found.push({ rule, what, evidence: [about, ...evidence] });

  if (request.isMisuse) {
    for (const reply of request.replies.filter(isTold)) {
      if (reply.error?.['code'] !== 'DUPLICATE_OPERATION')
        add('key-taken-twice', `another request under the key ${request.key} was not refused`);
    }
    return found;
  }
  if (operation === undefined && request.replies.length === 0 && request.isConfirmed && !request.couldMissReply)
    add('request-lost', `the broker confirmed ${request.key}, and it was neither accepted nor refused`);
  if (request.learnt === null && !request.replies.some(isFinal))
    add('outcome-not-learnt', `the caller of ${request.key} could not learn its outcome`);

  for (const reply of [...request.replies, ...(request.learnt === null ? [] : [request.learnt])]) {
    if (!isTold(reply)) continue;
    const id = operationIdOf(reply);
    const named = id === undefined ? undefined : byId.get(id);
    if (id === undefined) {
      // A refusal, from before the request was accepted or from a repeat of it: then nothing may be claimed.
      if (reply.result !== undefined) add('reply-without-operation', `an outcome of ${request.key} names no operation`);
      continue;
    }
    if (named === undefined)
      add('operation-unknown', `a reply to ${request.key} names ${id}, which the journal does not hold`);
    else if (operation !== undefined && named.id !== operation.id)
      add('outcomes-differ', `a reply to ${request.key} names the operation of another key`, brief(named));
    else if (isFinal(reply) && !agrees(reply, named))
      add('outcomes-differ', `a caller was told another outcome of ${id} than the journal holds`, reply, brief(named));
    else if (isFinal(reply) && named.finishedAt !== null && reply.at < named.finishedAt)
      add('reply-before-outcome', `an outcome of ${id} was told before it was stored`, reply, brief(named));
  }
  return found;
}

/**
 * @param {History['listed']} listed
 * @param {ReadonlyMap<string, Operation>} byId
 * @returns {Violation[]}
 */
function checkList(listed, byId) {
  const told = new Set(listed.map(({ id }) => id));
  const missing = [...byId.values()].filter(({ id }) => !told.has(id)).map(brief);
  const wrong = listed.filter(({ id, state }) => byId.get(id)?.state !== state);
  const twice = listed.length - told.size;
  if (missing.length + wrong.length + twice === 0) return [];
  return [
    {
      rule: 'list-differs',
      what: `operation.list and the journal differ: ${missing.length} missing, ${wrong.length} otherwise, ${twice} twice`,
      evidence: [...missing.slice(0, 5), ...wrong.slice(0, 5)],
    },
  ];
}

/**
 * Does it tell an outcome? A receipt does not, and neither does a journal that could not be asked: its caller is told to
 * ask `operation.get` whether the request was accepted.
 *
 * @param {Reply} reply
 */
export function isFinal({ result, error }) {
  if (error !== undefined) return error['code'] !== 'JOURNAL_UNAVAILABLE';
  return result !== undefined && result['outcome'] !== 'accepted';
}

/** @param {Reply} reply */
export const isTold = (reply) => reply.result !== undefined || isFinal(reply);

/**
 * @param {Reply} reply
 * @returns {string | undefined}
 */
export function operationIdOf({ result, error }) {
  const id = result?.['operation_id'] ?? error?.['operation_id'];
  return typeof id === 'string' ? id : undefined;
}

/**
 * @param {Reply} reply
 * @param {Operation} operation
 */
function agrees({ result, error }, operation) {
  if (result !== undefined) return operation.result !== null && isDeepStrictEqual(result, operation.result);
  if (error?.['code'] === 'DUPLICATE_OPERATION' || (error?.['outcome'] === REFUSED && operation.error === null))
    return false;
  return (
    operation.error !== null && error?.['code'] === operation.error.code && error['outcome'] === operation.error.outcome
  );
}

/** What is shown of an operation as evidence, beside its checkpoints and its outcome. */
const BRIEFLY = /** @type {const} */ ([
  'seq',
  'id',
  'parentId',
  'key',
  'method',
  'host',
  'name',
  'state',
  'attempts',
  'acceptedAt',
  'startedAt',
  'finishedAt',
  'notAfter',
]);

/** @param {Operation} operation */
export function brief(operation) {
  const { result, error } = operation;
  const checkpoints = operation.checkpoints.map(
    ({ name, fence, data, at }) => `${at} fence ${fence} ${name} ${JSON.stringify(data)}`,
  );
  const outcome =
    result ?? (error === null ? null : { code: error.code, outcome: error.outcome, message: error['message'] });
  return { ...pick(operation, BRIEFLY), outcome, checkpoints };
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @returns {Map<string, T[]>}
 */
export function groupBy(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
