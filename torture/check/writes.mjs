/**
 * Rules about what is sent to devices. Each write in the HMC's wire log must follow from a step that the journal had
 * before, of an operation that owned the target then; no step is carried out twice; outcomes tell what was done.
 */
import { brief, groupBy } from './outcomes.mjs';

/** @typedef {import('./history.js').Checkpoint} Checkpoint */
/** @typedef {import('./history.js').DeviceWrite} DeviceWrite */
/** @typedef {import('./history.js').History} History */
/** @typedef {import('./history.js').Operation} Operation */
/** @typedef {import('./history.js').Violation} Violation */

/**
 * @typedef {object} Step an intent to write, as the journal has it
 * @property {Operation} operation
 * @property {Checkpoint} checkpoint
 */

/** A request may be on its way for as long as its time-out, and takes its time on a busy machine besides. */
const CARRIED_WITHIN_MS = 500;

/**
 * @param {History} history
 * @returns {Violation[]}
 */
export function checkWrites(history) {
  const { operations, writes, partitions } = history;
  const writesOf = groupBy(writes, ({ partition }) => partition);
  const names = new Set(partitions.map(({ name }) => name));
  const operationsOf = groupBy(
    operations.filter(({ name }) => names.has(name)),
    ({ name }) => name,
  );
  return partitions.flatMap(({ name, status }) =>
    checkPartition(status, operationsOf.get(name) ?? [], writesOf.get(name) ?? [], history),
  );
}

/**
 * @param {string} status at the end
 * @param {readonly Operation[]} operations on the partition
 * @param {readonly DeviceWrite[]} writes to it
 * @param {History} history
 * @returns {Violation[]}
 */
function checkPartition(status, operations, writes, history) {
  /** @type {Violation[]} */
  const found = [];
  const steps = operations
    .flatMap((operation) =>
      operation.checkpoints.filter(({ name }) => name === 'step').map((checkpoint) => ({ operation, checkpoint })),
    )
    .sort((a, b) => a.checkpoint.at - b.checkpoint.at);
  /** @type {Map<Operation, { step: Step, write: DeviceWrite }[]>} */
  const written = new Map();
  for (const write of [...writes].sort((a, b) => a.sequence - b.sequence)) {
    const step = steps.findLast(({ checkpoint: { data, at } }) => data?.['step'] === write.step && at <= write.at);
    if (step === undefined) {
      found.push({
        rule: 'write-without-step',
        what: `a ${write.step} of ${write.partition} that no operation had begun`,
        evidence: [write],
      });
      continue;
    }
    const of = written.get(step.operation) ?? [];
    of.push({ step, write });
    written.set(step.operation, of);
    found.push(...checkOwnership(step, write, operations, history));
  }
  for (const operation of operations) {
    const of = written.get(operation) ?? [];
    found.push(
      ...checkRepeats(operation, of, history),
      ...checkTruth(operation, of),
      ...checkJob(operation, of, history),
    );
  }
  found.push(...checkEnd(status, operations, written));
  return found;
}

/**
 * @param {Step} step
 * @param {DeviceWrite} write
 * @param {readonly Operation[]} operations
 * @param {History} history
 * @returns {Violation[]}
 */
function checkOwnership({ operation, checkpoint }, write, operations, { limits }) {
  const what = `a ${write.step} of ${write.partition}`;
  const evidence = [write, brief(operation)];
  const { finishedAt } = operation;
  if (finishedAt !== null && write.at > finishedAt)
    return [{ rule: 'write-after-end', what: `${what} after its operation had ended`, evidence }];
  const newer = operation.checkpoints.find(({ fence, at }) => fence > checkpoint.fence && at < write.at);
  if (newer !== undefined)
    return [
      { rule: 'write-by-former-owner', what: `${what} by a worker whose operation had been taken over`, evidence },
    ];
  const other = operations.find((other) => other !== operation && owns(other, write.at));
  if (other !== undefined)
    return [
      {
        rule: 'write-by-another',
        what: `${what} while another operation had its turn`,
        evidence: [...evidence, brief(other)],
      },
    ];
  const { notAfter } = operation;
  if (notAfter !== null && write.at > notAfter + limits.requestTimeoutMs + CARRIED_WITHIN_MS)
    return [
      { rule: 'stale-command', what: `${what} ${write.at - notAfter} ms after the time of its operation`, evidence },
    ];
  return [];
}

/**
 * @param {Operation} operation
 * @param {number} at
 */
function owns({ checkpoints, finishedAt }, at) {
  const first = checkpoints.find(({ name }) => name === 'step');
  return first !== undefined && first.at < at && (finishedAt === null || at < finishedAt);
}

/**
 * @param {Operation} operation
 * @param {readonly { step: Step, write: DeviceWrite }[]} written
 * @param {History} history
 * @returns {Violation[]}
 */
function checkRepeats(operation, written, { limits }) {
  /** @type {Violation[]} */
  const found = [];
  for (const [kind, of] of groupBy(written, ({ write }) => write.step)) {
    const evidence = [...of.map(({ write }) => write), brief(operation)];
    const executed = of.filter(({ write }) => write.isExecuted).length;
    if (executed > 1) {
      found.push({
        rule: 'write-repeated',
        what: `${executed} times ${kind} for one ${operation.method} of ${operation.name}`,
        evidence,
      });
      continue;
    }
    for (const [i, { write, step }] of of.slice(1).entries()) {
      const before = of[i];
      // What was refused is proven not to have happened. What went unanswered may still come to be: that must be over.
      if (before === undefined || before.write.status !== null) continue;
      const isSameAttempt = before.step.checkpoint.fence === step.checkpoint.fence;
      const isOver = write.at >= before.step.checkpoint.at + limits.requestTimeoutMs;
      if (isSameAttempt || !isOver)
        found.push({
          rule: 'write-repeated-blindly',
          what: `a ${kind} of ${operation.name} was sent again before it was known what became of the first`,
          evidence,
        });
    }
  }
  return found;
}

/**
 * Does the outcome tell what was sent?
 *
 * @param {Operation} operation
 * @param {readonly { step: Step, write: DeviceWrite }[]} written
 * @returns {Violation[]}
 */
function checkTruth(operation, written) {
  const { result, error, method, name } = operation;
  const executed = written.filter(({ write }) => write.isExecuted).map(({ write }) => write.step);
  const count = (/** @type {'start' | 'stop'} */ step) => executed.filter((other) => other === step).length;
  const untrue = (/** @type {string} */ why) => [
    {
      rule: 'outcome-untrue',
      what: `${method} of ${name}: ${why}`,
      evidence: [...written.map(({ write }) => write), brief(operation)],
    },
  ];
  if (result?.['outcome'] === 'already' && executed.length > 0)
    return untrue('it claims to have done nothing, and did');
  if (error?.outcome === 'not-started' && executed.length > 0) return untrue('it claims not to have begun, and did');
  if (result?.['outcome'] !== 'done') return [];
  const last = goalOf(method) === 'stopped' ? 'stop' : 'start';
  return count(last) === 1 ? [] : untrue(`it claims to be done, and the HMC carried out ${count(last)} ${last}s`);
}

/**
 * What was accepted as a job is written down before it is waited for. An answer that a fault held back may have been
 * given up by then.
 *
 * @param {Operation} operation
 * @param {readonly { step: Step, write: DeviceWrite }[]} written
 * @param {History} history
 * @returns {Violation[]}
 */
function checkJob(operation, written, { requests }) {
  if (!requests.some(({ key, isUndisturbed }) => isUndisturbed === true && key === operation.key)) return [];
  const jobs = operation.checkpoints.filter(({ name }) => name === 'job').length;
  const accepted = written.filter(({ write }) => write.isExecuted && write.faults.length === 0).length;
  if (jobs >= accepted) return [];
  return [
    {
      rule: 'job-not-written-down',
      what: `${operation.method} of ${operation.name} began ${accepted} jobs and wrote ${jobs} down`,
      evidence: [brief(operation)],
    },
  ];
}

/**
 * @param {string} status
 * @param {readonly Operation[]} operations
 * @param {ReadonlyMap<Operation, readonly { write: DeviceWrite }[]>} written
 * @returns {Violation[]}
 */
function checkEnd(status, operations, written) {
  const touched = operations.filter(
    (operation) => operation.result !== null || (written.get(operation) ?? []).some(({ write }) => write.isExecuted),
  );
  const last = touched.sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0)).at(-1);
  if (last === undefined || last.result === null) return [];
  const goal = goalOf(last.method);
  if (status === goal) return [];
  return [
    {
      rule: 'outcome-untrue',
      what: `${last.name} is ${status} at the end, and the last operation says that it is ${goal}`,
      evidence: [brief(last)],
    },
  ];
}

/** @param {string} method */
const goalOf = (method) => (method === 'compute.power_off' || method === 'power.off' ? 'stopped' : 'active');
