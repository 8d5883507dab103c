import { byId, el, fill, setText } from './dom.mjs';
import { announce } from './notices.mjs';
import { OperationRow } from './operation-row.mjs';
import { get } from './session.mjs';
import { troubleOf, titleOf } from './words.mjs';

/**
 * The view of operations, newest first, kept true by events. Rows under the pointer or with the focus do not move: what
 * is new waits until the reader has left the list, or asks for it.
 *
 * @typedef {import('../src/compute/contract/index.js').OperationView} Operation
 */

const KEPT = 250;
const DRAW_EVERY_MS = 100;

const rows = byId('operations-rows', HTMLElement);
const news = byId('operations-news', HTMLButtonElement);
const older = byId('operations-older', HTMLButtonElement);
const empty = byId('operations-empty', HTMLElement);
const count = byId('count-operations', HTMLElement);
const stateFilter = byId('operations-state', HTMLSelectElement);
const textFilter = byId('operations-find', HTMLInputElement);

/** @type {Map<string, Operation>} */
const operations = new Map();
/** @type {Map<string, OperationRow>} rows that are shown */
const shown = new Map();
/** @type {Set<(operation: Operation) => void>} */
const watchers = new Set();
/** Operations that were asked for beyond the newest. */
let extra = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;

/** @param {Operation} operation */
export function isOver({ state }) {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** @param {string} id */
export function known(id) {
  return operations.get(id);
}

/**
 * @param {(operation: Operation) => void} watcher told of every operation that changes
 * @returns {() => void} ends it
 */
export function watch(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/** @param {Operation} operation as an event tells it */
export function take(operation) {
  const before = operations.get(operation.operation_id);
  // A snapshot and the events around it may tell the same thing twice, and an end is final.
  if (before !== undefined && isOver(before) && !isOver(operation)) return;
  operations.set(operation.operation_id, operation);
  if (isOver(operation) && before !== undefined && !isOver(before))
    announce(`${titleOf(operation)}: ${operation.state}`);
  for (const watcher of watchers) watcher(operation);
  draw();
}

/** @param {{ newest: { operations: Operation[], next: string | null }, unfinished: { operations: Operation[] } }} snapshot */
export function takeSnapshot({ newest, unfinished }) {
  const told = [...newest.operations, ...unfinished.operations];
  for (const operation of told) take(operation);
  // What ended while nobody told us, and is no longer among the newest, is asked for by its id.
  const ids = new Set(told.map(({ operation_id: id }) => id));
  for (const operation of operations.values()) {
    if (isOver(operation) || ids.has(operation.operation_id)) continue;
    void get(`v1/operations/${operation.operation_id}`).then(take, () => undefined);
  }
  older.hidden = older.hidden && newest.next === null;
  empty.hidden = operations.size > 0;
}

/** Forgets everything: somebody else looks now. */
export function forget() {
  operations.clear();
  extra = 0;
  older.hidden = true;
  draw(true);
}

function isHeld() {
  return rows.matches(':hover') || rows.querySelector(':focus-visible') !== null;
}

/** @param {boolean} [isAsked] also what waits */
function draw(isAsked = false) {
  if (isAsked) {
    clearTimeout(drawing);
    drawing = undefined;
    drawNow(false);
  } else drawing ??= setTimeout(() => ((drawing = undefined), drawNow(isHeld())), DRAW_EVERY_MS);
}

/** @param {boolean} held */
function drawNow(held) {
  const all = [...operations.values()].sort(newestFirst);
  for (const { operation_id: id } of all.splice(KEPT + extra)) operations.delete(id);
  const wanted = all.filter((operation) => (held ? shown.has(operation.operation_id) : isWanted(operation)));
  const waiting = held ? all.filter((one) => isWanted(one) && !shown.has(one.operation_id)).length : 0;

  const ids = new Set(wanted.map(({ operation_id: id }) => id));
  for (const [id, row] of shown) {
    if (ids.has(id)) continue;
    row.element.remove();
    shown.delete(id);
  }
  /** @type {Element | null} */
  let next = rows.firstElementChild;
  for (const operation of wanted) {
    let row = shown.get(operation.operation_id);
    if (row === undefined) {
      row = new OperationRow(operation);
      shown.set(operation.operation_id, row);
    } else row.update(operation);
    if (row.element === next) next = next.nextElementSibling;
    else rows.insertBefore(row.element, next);
  }

  news.hidden = waiting === 0;
  setText(news, `Show ${waiting} new`);
  empty.hidden = wanted.length > 0;
  setText(empty, operations.size > 0 ? 'None of the operations here is like that.' : NOTHING);
  const unfinished = all.filter((operation) => !isOver(operation)).length;
  setText(count, unfinished === 0 ? '' : `${unfinished} unfinished`);
}

const NOTHING = 'No operations. What callers ask for appears here as it happens.';

/** @param {Operation} operation */
function isWanted(operation) {
  const state = stateFilter.value;
  if (state === 'unfinished' && isOver(operation)) return false;
  if (state === 'failed' && operation.state !== 'failed') return false;
  const text = textFilter.value.trim().toLowerCase();
  const { name, host, method, operation_id: id, requested_by: by } = operation;
  return text === '' || [name, host ?? '', method, id, by].some((part) => part.toLowerCase().includes(text));
}

/** @param {Operation} one @param {Operation} other ids grow with time */
function newestFirst({ operation_id: one }, { operation_id: other }) {
  return one < other ? 1 : -1;
}

async function showOlder() {
  const oldest = [...operations.keys()].sort()[0];
  older.disabled = true;
  try {
    const page = await get('v1/operations', { before: oldest, state: stateFilter.value, limit: 100 });
    extra += page.operations.length;
    for (const operation of page.operations) operations.set(operation.operation_id, operation);
    older.hidden = page.next === null;
    draw(true);
  } catch (error) {
    fill(empty, troubleOf(error));
    empty.hidden = false;
  } finally {
    older.disabled = false;
  }
}

/** Where the reader has left the list, what is new comes in. */
export function initOperations() {
  news.addEventListener('click', () => draw(true));
  older.addEventListener('click', () => void showOlder());
  stateFilter.addEventListener('change', () => draw(true));
  textFilter.addEventListener('input', () => draw(true));
  rows.addEventListener('pointerleave', () => draw());
  rows.addEventListener('focusout', () => draw());
  older.hidden = false;
}

/**
 * A link to an operation, as text of a cell.
 *
 * @param {Operation} operation
 */
export function linkTo(operation) {
  return el('a', { href: `#operations/${operation.operation_id}`, class: 'id' }, operation.method);
}
