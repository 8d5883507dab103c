import { el, fill } from './dom.mjs';
import { ago, took } from './times.mjs';
import { stateOf, titleOf } from './words.mjs';

/** @typedef {import('../src/compute/contract/index.js').OperationView} Operation */

/** One operation as a row of the table. */
export class OperationRow {
  #cells = {
    state: cell('state-cell'),
    method: cell('method-cell'),
    target: cell('target-cell'),
    progress: cell('progress-cell'),
    caller: cell('caller-cell'),
    time: cell('time-cell'),
    took: cell('took-cell number'),
  };
  /** @type {Operation | undefined} */
  #told;

  /** @param {Operation} operation */
  constructor(operation) {
    this.element = el('tr', { role: 'row' }, ...Object.values(this.#cells));
    this.update(operation);
  }

  /** @param {Operation} operation */
  update(operation) {
    if (operation === this.#told) return;
    this.#told = operation;
    const { state, method, target, progress, caller, time, took: duration } = this.#cells;
    const { operation_id: id, name, host, requested_by: by, accepted_at: from } = operation;
    fill(state, operationState(operation));
    fill(
      method,
      el('a', { href: `#operations/${id}`, class: 'id', 'aria-label': titleOf(operation) }, operation.method),
    );
    fill(
      target,
      el('span', { class: 'id', title: name }, name),
      host === null ? null : el('span', { class: 'on' }, ` on ${host}`),
    );
    fill(progress, ...progressOf(operation));
    fill(caller, el('span', { title: by }, by));
    fill(time, ago(from));
    fill(duration, took(from, operation.finished_at));
  }
}

/** @param {string} name */
function cell(name) {
  return el('td', { role: 'cell', class: name });
}

/** @param {Operation} operation */
export function operationState({ state }) {
  return stateOf(state, state === 'running' ? 'busy' : undefined);
}

/**
 * @param {Operation} operation
 * @returns {(HTMLElement | string)[]}
 */
export function progressOf({ state, progress, error, result }) {
  if (error !== null) {
    const text = `${error.code}: ${error.message}`;
    return [el('span', { class: 'bad line', title: text }, text)];
  }
  if (state === 'accepted') return [el('span', { class: 'quiet' }, 'waits for its turn')];
  if (state === 'running') {
    const { message = 'begun', percent = null } = progress ?? {};
    return [
      percent === null ? '' : el('progress', { max: 100, value: percent, 'aria-label': message }),
      el(
        'span',
        { class: 'line', title: message },
        percent === null ? message : `${Math.round(percent)} % · ${message}`,
      ),
    ];
  }
  const now = result?.['power_state'] ?? result?.['state'];
  const was = result?.['outcome'] === 'already' ? 'was already' : 'is now';
  return typeof now === 'string' ? [el('span', { class: 'quiet' }, `${was} ${now}`)] : [];
}
