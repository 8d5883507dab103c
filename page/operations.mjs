import { byId, el, setCount, setIdle, setText } from './dom.mjs';
import { announce, notify } from './notices.mjs';
import { OperationRow } from './operation-row.mjs';
import { get } from './session.mjs';
import { titleOf } from './words.mjs';

/**
 * The view of operations, newest first, kept true by events. Rows under the pointer or with the focus do not move: what
 * is new waits until the reader has left the list, or asks for it. The button that shows it stays while he is at that.
 *
 * @typedef {import('../src/compute/contract/index.js').OperationView} Operation
 */

const KEPT = 250;
const DRAW_EVERY_MS = 100;
const LOOK_EVERY_MS = 20_000;
/** From the list to the button that shows what is new, or back. */
const WAY_MS = 1000;

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
/** Before which the page of older ones begins; null: there are none. @type {string | null} */
let oldest = null;
/** The same for a state of which older ones were asked for. @type {Map<string, string | null>} */
const pages = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;
/** When the pointer has left the list or the button. */
let leftAt = -Infinity;

/** @param {Pick<Operation, 'state'>} operation */
export function isOver({ state }) {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/**
 * What is asked for and what is told may overtake each other.
 *
 * @param {Operation} operation
 * @param {Operation} known
 */
function isOlder(operation, known) {
  const rank = (/** @type {Operation} */ { state }) => (state === 'accepted' ? 0 : state === 'running' ? 1 : 2);
  const isAnotherAttempt = operation.attempts > known.attempts && !isOver(known);
  return rank(operation) < rank(known) && !isAnotherAttempt;
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
  if (before !== undefined && isOlder(operation, before)) return;
  operations.set(operation.operation_id, operation);
  if (isOver(operation) && before !== undefined && !isOver(before))
    announce(`${titleOf(operation)}: ${operation.state}`);
  for (const watcher of watchers) watcher(operation);
  draw();
}

/** @typedef {{ operations: Operation[], next: string | null }} Page */

/** @param {{ newest: Page, unfinished: Page }} snapshot how things stand, after we may have missed something */
export function takeSnapshot({ newest, unfinished }) {
  const before = [...operations.values()];
  operations.clear();
  extra = 0;
  oldest = newest.next;
  pages.clear();
  for (const operation of [...newest.operations, ...unfinished.operations]) {
    const known = before.find(({ operation_id: id }) => id === operation.operation_id);
    if (known !== undefined) operations.set(known.operation_id, known);
    take(operation);
  }
  // What has ended since and is not among the newest any more.
  for (const { operation_id: id, state } of before) {
    if (isOver({ state }) || operations.has(id)) continue;
    get(`v1/operations/${id}`).then(take, () => undefined);
  }
  draw();
}

/** Other workers carry operations out as well, and only ours tells us of its own. */
async function lookAgain() {
  const [newest, unfinished] = await Promise.all([
    get('v1/operations', { limit: 100 }),
    get('v1/operations', { state: 'unfinished', limit: 200 }),
  ]);
  for (const operation of [...newest.operations, ...unfinished.operations]) take(operation);
}

/** Forgets everything: somebody else looks now. */
export function forget() {
  takeSnapshot({ newest: { operations: [], next: null }, unfinished: { operations: [], next: null } });
  draw(true);
}

function isHeld() {
  if (rows.matches(':hover') || rows.querySelector(':focus-visible') !== null) return true;
  if (news.hidden) return false;
  return performance.now() - leftAt < WAY_MS || news.matches(':hover, :focus-visible');
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
  const dropped = all.splice(KEPT + extra);
  for (const { operation_id: id } of dropped) operations.delete(id);
  if (dropped.length > 0) {
    oldest = all.at(-1)?.operation_id ?? null;
    pages.clear();
  }
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
  if (unfinished === 0) setText(count, '');
  else setCount(count, dropped.length > 0 ? `${unfinished}+` : String(unfinished), 'unfinished');
  older.hidden = nextPage() === null;
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

function nextPage() {
  const state = stateFilter.value;
  return pages.has(state) ? pages.get(state) : oldest;
}

async function showOlder() {
  const before = nextPage();
  const state = stateFilter.value;
  if (before === null || before === undefined) return;
  setIdle(older, true);
  try {
    const page = await get('v1/operations', { before, state, limit: 100 });
    extra += page.operations.length;
    for (const operation of page.operations) operations.set(operation.operation_id, operation);
    pages.set(state, page.next);
    draw(true);
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error));
  } finally {
    setIdle(older, false);
  }
}

/** Where the reader has left the list, what is new comes in. */
export function initOperations() {
  news.addEventListener('click', () => {
    const hadFocus = news.matches(':focus-visible');
    draw(true);
    if (hadFocus) rows.querySelector('a')?.focus();
  });
  older.addEventListener('click', () => void showOlder());
  stateFilter.addEventListener('change', () => draw(true));
  textFilter.addEventListener('input', () => draw(true));
  for (const held of [rows, news]) {
    held.addEventListener('pointerleave', () => {
      leftAt = performance.now();
      setTimeout(() => draw(), WAY_MS);
    });
    held.addEventListener('focusout', () => draw());
  }
  setInterval(() => {
    if (!document.hidden) lookAgain().catch(() => undefined); // the stream tells when there is nobody to ask
  }, LOOK_EVERY_MS);
}

/**
 * A link to an operation, as text of a cell.
 *
 * @param {Operation} operation
 */
export function linkTo(operation) {
  return el('a', { href: `#operations/${operation.operation_id}`, class: 'id' }, operation.method);
}
