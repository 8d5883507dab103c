import { el, fill } from './dom.mjs';
import { confirm } from './confirm.mjs';
import { body, keepFocus, openDrawer, retitle } from './drawer.mjs';
import { oneAtATime } from './looking.mjs';
import { notify } from './notices.mjs';
import { isOver, known, linkTo, watch } from './operations.mjs';
import { operationState } from './operation-row.mjs';
import { call, get, mayAct, onCaller } from './session.mjs';
import { moment, took } from './times.mjs';
import { errorOf, facts, folded, titleOf, troubleOf } from './words.mjs';

/** @typedef {import('../src/compute/contract/index.js').OperationView} Operation */

/** Methods whose operations have parts. */
const OF_PARTS = new Set(['host.set_maintenance', 'compute.evacuate']);

/** @type {(() => void) | undefined} */
let redraw;
onCaller(() => redraw?.());

/**
 * Shows an operation, and how it goes on.
 *
 * @param {string} id
 */
export async function showOperation(id) {
  const parts = el('div');
  const lookAtParts = oneAtATime(() => drawParts(parts, id));
  const places = {
    state: el('p', { class: 'big' }),
    progress: el('div'),
    error: el('div'),
    actions: el('p', { class: 'buttons' }),
    facts: el('div'),
    result: el('div'),
    parts,
  };
  /** @type {Operation | undefined} */
  let operation = known(id);
  /** @param {Operation} next */
  const take = (next) => {
    operation = next;
    retitle(titleOf(next));
    drawOperation(places, next);
    keepFocus();
  };
  const stop = watch((next) => {
    if (next.operation_id === id) take(next);
    else if (next.parent_operation_id === id) void lookAtParts();
  });
  openDrawer(operation === undefined ? `Operation ${id}` : titleOf(operation), () => {
    stop();
    redraw = undefined;
  });
  redraw = () => operation !== undefined && drawOperation(places, operation);
  body.append(...Object.values(places));
  try {
    if (operation === undefined) take(await get(`v1/operations/${encodeURIComponent(id)}`));
    else take(operation);
    if (operation !== undefined && OF_PARTS.has(operation.method)) await lookAtParts();
  } catch (error) {
    fill(places.error, troubleOf(error));
  }
}

/**
 * @param {Record<'state' | 'progress' | 'error' | 'actions' | 'facts' | 'result', HTMLElement>} places
 * @param {Operation} operation
 */
function drawOperation(places, operation) {
  const { progress, error, result, operation_id: id, finished_at: end, accepted_at: from } = operation;
  fill(places.state, operationState(operation));
  fill(places.progress, ...(progress === null || isOver(operation) ? [] : [progressLine(progress)]));
  fill(places.error, error === null ? null : errorOf(error));
  fill(places.actions, isOver(operation) || !mayAct() ? null : cancelButton(operation));
  const parent = operation.parent_operation_id;
  fill(
    places.facts,
    facts([
      ['Operation', id, true],
      ['Method', operation.method, true],
      ['Name', operation.name, true],
      [
        'Host',
        operation.host === null
          ? null
          : el('a', { href: `#hosts/${encodeURIComponent(operation.host)}` }, operation.host),
      ],
      ['Driver', operation.driver],
      ['Target', operation.target, true],
      ['Part of', parent === null ? null : el('a', { href: `#operations/${parent}`, class: 'id' }, parent)],
      ['Asked by', operation.requested_by],
      ['Accepted', moment(from)],
      ['Begun', operation.started_at === null ? null : moment(operation.started_at)],
      ['Ended', end === null ? null : moment(end)],
      [end === null ? 'Takes' : 'Took', took(from, end)],
      ['Not after', operation.not_after === null ? null : moment(operation.not_after)],
      ['Attempts', operation.attempts],
      ['Idempotency key', operation.idempotency_key, true],
      ['Message id', operation.message_id, true],
      ['Correlation id', operation.correlation_id, true],
    ]),
  );
  fill(places.result, result === null ? null : folded('Result', result));
}

/** @param {NonNullable<Operation['progress']>} progress */
function progressLine({ message, percent }) {
  return el(
    'p',
    {},
    percent === null ? null : el('progress', { max: 100, value: percent, 'aria-label': message }),
    ` ${percent === null ? '' : `${Math.round(percent)} % · `}${message}`,
  );
}

/** @param {Operation} operation */
function cancelButton(operation) {
  const what = titleOf(operation);
  const ask = () =>
    confirm({
      title: `Cancel ${what}?`,
      text: 'It ends at once when it waits, and at its next safe point when it runs. What it has done is not undone.',
      verb: `Cancel ${what}`,
      act: () => call('operation.cancel', { operation_id: operation.operation_id }),
      done: () => notify(`Cancel ${what}: asked for.`),
    });
  return el('button', { type: 'button', class: 'danger', onclick: ask }, `Cancel ${what}`);
}

/**
 * @param {HTMLElement} place
 * @param {string} parent
 */
async function drawParts(place, parent) {
  try {
    const { operations, next } = await get('v1/operations', { parent, limit: 500 });
    fill(
      place,
      el('h3', {}, 'Parts'),
      el(
        'ul',
        { class: 'parts' },
        ...operations.map((/** @type {Operation} */ part) =>
          el('li', {}, operationState(part), ' ', linkTo(part), ' ', el('span', { class: 'id' }, part.name)),
        ),
      ),
      next === null ? null : el('p', { class: 'quiet' }, 'and more'),
    );
  } catch (error) {
    fill(place, el('h3', {}, 'Parts'), troubleOf(error));
  }
}
