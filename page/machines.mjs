import { byId, el, fill, setIdle, setText } from './dom.mjs';
import { powerButtons } from './confirm.mjs';
import { oneAtATime } from './looking.mjs';
import { get } from './session.mjs';
import { ago } from './times.mjs';
import { stateOf, troubleOf } from './words.mjs';

/**
 * The view of registered machines, a page at a time.
 *
 * @typedef {import('../src/compute/contract/index.js').MachineView} Machine
 */

const PAGE = 50;
/** What other workers see is found by looking. */
const LOOK_EVERY_MS = 20_000;
/** Many may be registered at once: the list is asked for at most so often. */
const SETTLED_MS = 1000;

const rows = byId('machines-rows', HTMLElement);
const empty = byId('machines-empty', HTMLElement);
const filter = byId('machines-filter', HTMLFormElement);
const previous = byId('machines-previous', HTMLButtonElement);
const next = byId('machines-next', HTMLButtonElement);

/** @type {Machine[]} */
let machines = [];
/** Where the pages until this one begin. @type {(string | undefined)[]} */
let starts = [undefined];
/** @type {string | null} */
let following = null;
/** Only the newest answer counts. */
let asked = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let stirred;
/** @type {Set<() => void>} */
const watchers = new Set();

/** @param {string} name */
export function machineOf(name) {
  return machines.find((machine) => machine.name === name);
}

/**
 * @param {() => void} watcher told when machines have changed
 * @returns {() => void} ends it
 */
export function watchMachines(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

const look = oneAtATime(lookOnce);

/** Lists the page that the reader is on anew. */
export function lookAtMachines() {
  asked += 1;
  return look();
}

/** The same soon: something happened to one, and more may. */
export function stirMachines() {
  stirred ??= setTimeout(() => ((stirred = undefined), void lookAtMachines()), SETTLED_MS);
}

/** Forgets everything: somebody else looks now. */
export function forgetMachines() {
  asked += 1;
  machines = [];
  starts = [undefined];
  following = null;
  draw();
  empty.hidden = true;
  setText(byId('count-machines', HTMLElement), '');
}

async function lookOnce() {
  const mine = asked;
  const form = new FormData(filter);
  const field = (/** @type {string} */ name) => {
    const value = form.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
  const query = { name: field('name'), state: field('state'), status: field('status') };
  try {
    const page = await get('v1/machines', { ...query, after: starts.at(-1), limit: PAGE });
    if (mine !== asked) return;
    machines = page.machines;
    following = page.next;
    draw();
    const isAll = Object.values(query).every((value) => value === '');
    setText(
      empty,
      isAll ? 'No machines are registered. zenova machine register adds one.' : 'No machine is like that.',
    );
    empty.hidden = machines.length > 0;
    if (isAll && starts.length === 1) {
      setText(byId('count-machines', HTMLElement), `${machines.length}${following === null ? '' : '+'}`);
    }
  } catch (error) {
    if (mine !== asked) return;
    machines = [];
    following = null;
    draw();
    fill(empty, troubleOf(error));
    empty.hidden = false;
  }
}

/**
 * A state that an event tells.
 *
 * @param {{ name: string, state: Machine['state'], transition: Machine['transition'], native_state: string, observed_at: string }} seen
 */
export function seeMachine({ name, state, transition, native_state: native, observed_at: at }) {
  const known = machineOf(name);
  if (known === undefined) return;
  Object.assign(known, { state, transition, native_state: native, observed_at: at });
  draw();
}

/** @param {Machine} machine */
export function machineState({ state, transition }) {
  return state === undefined ? el('span', { class: 'quiet' }, 'not seen yet') : stateOf(transition ?? state);
}

/** @param {Machine} machine */
function rowOf(machine) {
  const { name, power_type: type, controller, status, error, observed_at: at } = machine;
  const cell = (/** @type {string} */ kind, /** @type {(Node | string)[]} */ ...content) =>
    el('td', { role: 'cell', class: kind }, ...content);
  return el(
    'tr',
    { role: 'row' },
    cell('name-cell', el('a', { href: `#machines/${encodeURIComponent(name)}`, class: 'id', title: name }, name)),
    cell('reach-cell', machineState(machine)),
    cell('time-cell', ago(at)),
    cell('driver-cell', type),
    cell('system-cell', el('span', { class: 'id line', title: controller }, controller)),
    cell('check-cell', stateOf(status), error === null ? '' : el('span', { class: 'quiet' }, ` ${error.code}`)),
    cell('actions-cell', powerButtons({ machine: name })),
  );
}

function draw() {
  fill(rows, ...machines.map(rowOf));
  setIdle(previous, starts.length === 1);
  setIdle(next, following === null);
  for (const watcher of watchers) watcher();
}

/** Looks again from time to time, while somebody looks at the list. */
export function initMachines() {
  setInterval(() => {
    if (!document.hidden && rows.checkVisibility()) void lookAtMachines();
  }, LOOK_EVERY_MS);
  filter.addEventListener('submit', (event) => {
    event.preventDefault();
    starts = [undefined];
    void lookAtMachines();
  });
  for (const select of filter.querySelectorAll('select'))
    select.addEventListener('change', () => filter.requestSubmit());
  next.addEventListener('click', () => {
    if (following === null) return;
    starts.push(following);
    following = null; // where the page after the next one begins is not known yet
    void lookAtMachines();
  });
  previous.addEventListener('click', () => {
    if (starts.length > 1) starts.pop();
    void lookAtMachines();
  });
}
