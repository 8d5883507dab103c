/** Rules about operations that consist of others, and about hosts that are taken out of service by them. */
import { brief, groupBy } from './outcomes.mjs';

/** @typedef {import('./history.js').History} History */
/** @typedef {import('./history.js').Operation} Operation */
/** @typedef {import('./history.js').Violation} Violation */

const MAINTENANCE = 'host.set_maintenance';

/**
 * @param {History} history
 * @returns {Violation[]}
 */
export function checkParents({ operations }) {
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const parts = operations.filter(({ parentId }) => parentId !== null);
  const found = [...groupBy(parts, ({ parentId }) => String(parentId))].flatMap(([id, children]) => {
    const parent = byId.get(id);
    if (parent === undefined)
      return [{ rule: 'child-without-parent', what: `the journal does not hold ${id}`, evidence: children.map(brief) }];
    return [...checkEnds(parent, children), ...checkTwins(parent, children), ...checkTruth(parent, children)];
  });
  return [...found, ...checkMaintenance(operations)];
}

/**
 * @param {Operation} parent
 * @param {readonly Operation[]} children
 * @returns {Violation[]}
 */
function checkEnds(parent, children) {
  const { finishedAt } = parent;
  if (finishedAt === null) return [];
  const late = children.filter((child) => child.finishedAt === null || child.finishedAt > finishedAt);
  if (late.length === 0) return [];
  return [
    {
      rule: 'parent-ended-first',
      what: `${parent.method} of ${parent.name} ended before ${late.length} of its ${children.length} parts`,
      evidence: [brief(parent), ...late.slice(0, 3).map(brief)],
    },
  ];
}

/**
 * One part an instance at a time; another one only when the first was done, and the instance was there again.
 *
 * @param {Operation} parent
 * @param {readonly Operation[]} children
 * @returns {Violation[]}
 */
function checkTwins(parent, children) {
  return [...groupBy(children, ({ name }) => name)].flatMap(([name, of]) => {
    const inOrder = [...of].sort((a, b) => a.seq - b.seq);
    const isTwice = inOrder.slice(1).some((child, i) => {
      const before = inOrder[i];
      if (before === undefined) return false;
      return before.error !== null || before.finishedAt === null || before.finishedAt > child.acceptedAt;
    });
    if (!isTwice) return [];
    return [
      {
        rule: 'child-twice',
        what: `${parent.method} of ${parent.name} has ${of.length} parts for ${name}`,
        evidence: [brief(parent), ...inOrder.map(brief)],
      },
    ];
  });
}

/**
 * @param {Operation} parent
 * @param {readonly Operation[]} children
 * @returns {Violation[]}
 */
function checkTruth(parent, children) {
  const { result, method, name } = parent;
  if (result === null) return [];
  const failed = children.filter(({ error }) => error !== null);
  if (failed.length === 0 && result['children'] === children.length) return [];
  return [
    {
      rule: 'outcome-untrue',
      what: `${method} of ${name} is done, it says, in ${String(result['children'])} parts; ${failed.length} of ${children.length} failed`,
      evidence: [brief(parent), ...failed.slice(0, 3).map(brief)],
    },
  ];
}

/**
 * From the moment when a host is said to be in maintenance until somebody begins to end it nothing begins there.
 *
 * @param {readonly Operation[]} operations
 * @returns {Violation[]}
 */
function checkMaintenance(operations) {
  const ended = operations.filter(({ method, params }) => method === MAINTENANCE && params['enabled'] === false);
  const begun = operations.filter(
    ({ method, params, result }) => method === MAINTENANCE && params['enabled'] === true && result !== null,
  );
  return begun.flatMap((maintenance) => {
    const { host, seq, finishedAt } = maintenance;
    const from = finishedAt ?? Number.POSITIVE_INFINITY;
    const to = Math.min(
      ...ended
        .filter((other) => other.host === host && other.seq > seq)
        .map(({ startedAt }) => startedAt ?? Number.POSITIVE_INFINITY),
    );
    return operations
      .filter((other) => other.method !== MAINTENANCE && changes(other, host))
      .filter(({ checkpoints }) => {
        const step = checkpoints.find(({ name }) => name === 'step');
        return step !== undefined && step.at > from && step.at < to;
      })
      .map((other) => ({
        rule: 'begun-in-maintenance',
        what: `${other.method} of ${other.name} began while ${host} was in maintenance`,
        evidence: [brief(maintenance), brief(other)],
      }));
  });
}

/**
 * Is it one that needs this host to be open? A part on its own host goes on there.
 *
 * @param {Operation} operation
 * @param {string | null} to
 */
function changes({ parentId, host, params }, to) {
  return params['destination'] === to || (host === to && parentId === null);
}
