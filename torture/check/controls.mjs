/** Rules about what is asked of operations that wait or run: it is done once, and only when it was asked. */
import { brief } from './outcomes.mjs';

/** @typedef {import('./history.js').Checkpoint} Checkpoint */
/** @typedef {import('./history.js').History} History */
/** @typedef {import('./history.js').Operation} Operation */
/** @typedef {import('./history.js').Violation} Violation */

/** What a driver does on the device for each. */
const ACTS = ['abort', 'force_complete'];
const ENDINGS = ['cancel', 'abort'];

/**
 * @param {History} history
 * @returns {Violation[]}
 */
export function checkControls({ operations, requests }) {
  const undisturbed = new Set(requests.filter(({ isUndisturbed }) => isUndisturbed === true).map(({ key }) => key));
  return [
    ...operations.flatMap((operation) => [
      ...checkActs(operation, undisturbed.has(operation.key)),
      ...checkCancelled(operation),
    ]),
    ...operations
      .filter(({ key, params }) => params['preempt'] === true && undisturbed.has(key))
      .flatMap((operation) => checkPreemption(operation, operations)),
  ];
}

/**
 * Never after it was told; and once, but that a worker may have died before it could tell that it was done, or the journal
 * may have taken a step and not said so.
 *
 * @param {Operation} operation
 * @param {boolean} isUndisturbed
 * @returns {Violation[]}
 */
function checkActs(operation, isUndisturbed) {
  const { checkpoints, method, name } = operation;
  return ACTS.flatMap((act) => {
    const steps = checkpoints.filter((checkpoint) => isStep(checkpoint) && checkpoint.data?.['step'] === act);
    const taken = checkpoints.filter(
      (checkpoint) => checkpoint.name === 'taken' && checkpoint.data?.['control'] === act,
    );
    const unasked = steps.length > 0 && act === 'force_complete' && !checkpoints.some((asked) => asked.name === act);
    const often = isUndisturbed && steps.length > 1;
    const [first] = taken;
    const isAgain = taken.length > 1 || steps.some(({ at }) => first !== undefined && at > first.at);
    if (!unasked && !often && !isAgain) return [];
    return [
      {
        rule: unasked ? 'control-unasked' : 'control-repeated',
        what: `${act} of ${method} of ${name}: ${steps.length} times, taken ${taken.length} times`,
        evidence: [brief(operation)],
      },
    ];
  });
}

/**
 * @param {Operation} operation
 * @returns {Violation[]}
 */
function checkCancelled(operation) {
  const { error, checkpoints, method, name } = operation;
  if (error?.code !== 'OPERATION_CANCELLED' || checkpoints.some((asked) => ENDINGS.includes(asked.name))) return [];
  return [
    { rule: 'control-unasked', what: `${method} of ${name} was cancelled by nobody`, evidence: [brief(operation)] },
  ];
}

/**
 * What was before it on its target, waiting or running, is asked to end before it begins; what had not begun never does.
 *
 * @param {Operation} operation that preempts
 * @param {readonly Operation[]} operations
 * @returns {Violation[]}
 */
function checkPreemption(operation, operations) {
  return operations
    .filter(({ target, seq }) => target === operation.target && seq < operation.seq)
    .filter(({ finishedAt }) => finishedAt === null || finishedAt > operation.acceptedAt)
    .flatMap((other) => {
      const asked = other.checkpoints.find(({ name }) => name === 'cancel');
      const begun = other.checkpoints.find(isStep);
      if (asked !== undefined && (begun === undefined || begun.at <= asked.at)) return [];
      return [
        {
          rule: 'preempt-ignored',
          what: `${other.method} of ${other.name} ${asked === undefined ? 'was not cancelled' : 'began'} although ${operation.method} was to come before it`,
          evidence: [brief(other), brief(operation)],
        },
      ];
    });
}

/** @param {Checkpoint} checkpoint */
const isStep = ({ name }) => name === 'step';
