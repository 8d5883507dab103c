/** Rules about when operations run: one at a time per target, in order of acceptance, in time, and not too many. */
import { brief, groupBy } from './outcomes.mjs';

/** @typedef {import('./history.js').History} History */
/** @typedef {import('./history.js').Operation} Operation */
/** @typedef {import('./history.js').Violation} Violation */

/** A timer may be late by so much on a busy machine. */
export const LATE_MS = 250;
/** Times of acceptance and end are taken before their commits: so many may seem to overlap that do not. */
const ROUNDING = 2;

/**
 * @param {History} history
 * @returns {Violation[]}
 */
export function checkOrder({ operations, requests, limits }) {
  /** @type {Violation[]} */
  const found = [];
  const places = operations.flatMap((operation) => [
    { operation, target: operation.target, seq: operation.seq },
    ...operation.also.map((further) => ({ operation, ...further })),
  ]);
  for (const [target, of] of groupBy(places, ({ target }) => target)) {
    found.push(...checkTurns(target, of));
    const most = mostAtOnce(of.map(({ operation }) => operation));
    if (most > limits.maxPerTarget + ROUNDING)
      found.push({
        rule: 'too-many-accepted',
        what: `${most} operations were unfinished on ${target}, ${limits.maxPerTarget} are allowed`,
        evidence: [],
      });
  }
  // Parts follow from what was accepted, and are not refused for their number.
  const asked = operations.filter(({ parentId }) => parentId === null);
  const most = mostAtOnce(asked);
  if (most > limits.maxUnfinished + ROUNDING)
    found.push({
      rule: 'too-many-accepted',
      what: `${most} operations were unfinished, ${limits.maxUnfinished} are allowed`,
      evidence: [],
    });
  found.push(...operations.flatMap(checkTime));
  const changing = new Set(requests.map(({ method }) => method));
  for (const operation of asked.filter(({ method }) => !changing.has(method)))
    found.push({
      rule: 'read-journalled',
      what: `${operation.method} changes nothing and was written down`,
      evidence: [brief(operation)],
    });
  return found;
}

/**
 * @typedef {object} Place of an operation in the order of one of its targets
 * @property {Operation} operation
 * @property {number} seq
 */

/**
 * @param {string} target
 * @param {readonly Place[]} places
 * @returns {Violation[]}
 */
function checkTurns(target, places) {
  /** @type {Violation[]} */
  const found = [];
  const turns = places
    .flatMap(({ operation, seq }) => turnOf(operation).map((turn) => ({ ...turn, operation, seq })))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  for (const [i, turn] of turns.slice(1).entries()) {
    const before = turns[i];
    if (before === undefined) continue;
    const evidence = [brief(before.operation), brief(turn.operation)];
    if (turn.from < before.to)
      found.push({ rule: 'turns-overlap', what: `two operations had their turn on ${target} at once`, evidence });
    // What was begun more than once may have been moved here from a name that was looked up late: its place is the
    // journal's to say.
    else if (before.operation.attempts === 1 && turn.operation.attempts === 1 && turn.seq < before.seq)
      found.push({ rule: 'order-broken', what: `on ${target}, what was accepted later had its turn first`, evidence });
  }
  return found;
}

/**
 * From when to when an operation had its target, for certain: from its first step, since the times of its acceptance and its
 * beginning are taken before the database has let it through.
 *
 * @param {Operation} operation
 */
function turnOf({ checkpoints, finishedAt }) {
  const from = checkpoints.find(({ name }) => name === 'step')?.at;
  return from === undefined ? [] : [{ from, to: finishedAt ?? Number.POSITIVE_INFINITY }];
}

/**
 * What was carried out although its time was over. A step that was only written down then, and not taken, harms nobody; what
 * was sent to an HMC is looked at with its writes.
 *
 * @param {Operation} operation
 * @returns {Violation[]}
 */
function checkTime(operation) {
  const { notAfter, checkpoints, result } = operation;
  const late = checkpoints.find(
    ({ name, data, at }) =>
      // What ends an operation whose time is over comes after it.
      notAfter !== null && name === 'step' && data?.['step'] !== 'abort' && at > notAfter + LATE_MS,
  );
  if (notAfter === null || late === undefined || result === null) return [];
  return [
    {
      rule: 'stale-command',
      what: `${operation.method} was carried out with a step ${late.at - notAfter} ms after its time`,
      evidence: [brief(operation)],
    },
  ];
}

/** @param {readonly Operation[]} operations */
export function mostAtOnce(operations) {
  const changes = operations
    .flatMap(({ acceptedAt, finishedAt }) => [
      { at: acceptedAt, by: 1 },
      { at: finishedAt ?? Number.POSITIVE_INFINITY, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) most = Math.max(most, (now += by));
  return most;
}
