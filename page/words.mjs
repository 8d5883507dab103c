import { el } from './dom.mjs';

/**
 * What the service says, in words. A state is told by its word; sign and colour only repeat it.
 *
 * @typedef {'good' | 'busy' | 'bad' | 'odd' | 'quiet'} Tone
 * @typedef {import('./session.mjs').WireError} WireError
 */

/** @type {Readonly<Record<string, readonly [sign: string, tone: Tone]>>} */
const STATES = {
  // operations
  accepted: ['○', 'quiet'],
  running: ['●', 'good'],
  done: ['✓', 'good'],
  failed: ['✕', 'bad'],
  cancelled: ['–', 'quiet'],
  // hosts
  up: ['●', 'good'],
  degraded: ['▲', 'odd'],
  down: ['✕', 'bad'],
  unreachable: ['✕', 'bad'],
  refused: ['✕', 'bad'],
  maintenance: ['▲', 'odd'],
  looking: ['◌', 'quiet'],
  // instances and machines
  on: ['●', 'good'],
  off: ['○', 'quiet'],
  shutdown: ['○', 'quiet'],
  paused: ['◑', 'odd'],
  suspended: ['◑', 'odd'],
  crashed: ['✕', 'bad'],
  error: ['✕', 'bad'],
  starting: ['◔', 'busy'],
  stopping: ['◔', 'busy'],
  unknown: ['?', 'odd'],
  nostate: ['?', 'odd'],
  // checks
  verified: ['✓', 'good'],
  unverified: ['✕', 'bad'],
  unchecked: ['○', 'quiet'],
};

/**
 * @param {string} state
 * @param {Tone} [tone] other than the usual one
 * @returns {HTMLElement}
 */
export function stateOf(state, tone) {
  const [sign, usual] = Object.hasOwn(STATES, state) ? (STATES[state] ?? ['?', 'odd']) : ['?', 'odd'];
  return el(
    'span',
    { class: `state ${tone ?? usual}` },
    el('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    ` ${state === 'nostate' ? 'unknown' : state}`,
  );
}

/** @param {{ method: string, name: string }} operation */
export function titleOf({ method, name }) {
  return name === '' ? method : `${method} of ${name}`;
}

const RETRIES = {
  never: 'The same request would fail again.',
  safe: 'It is safe to try again.',
  'after-reconcile': 'Look at the true state before you try again.',
};

const OUTCOMES = {
  'not-started': 'Nothing was done.',
  'not-applied': 'It did not take effect.',
  applied: 'It took effect all the same.',
  unknown: 'It is not known whether it took effect.',
};

/**
 * An error with what happened, what it means, and what to do.
 *
 * @param {WireError} error
 * @returns {HTMLElement}
 */
export function errorOf({ code, message, retry, outcome, native, details }) {
  const said = [native?.status, native?.code, native?.text].filter((part) => part !== undefined).join(' · ');
  return el(
    'div',
    { class: 'trouble' },
    el('p', { class: 'id' }, code),
    el('p', {}, message),
    el('p', {}, `${OUTCOMES[outcome]} ${RETRIES[retry]}`),
    said === '' ? null : el('p', {}, 'The other side said: ', el('span', { class: 'id' }, said)),
    Object.keys(details).length === 0 ? null : folded('Details', details),
  );
}

/**
 * @param {unknown} error that a request ended with
 * @returns {HTMLElement}
 */
export function troubleOf(error) {
  const wire = /** @type {{ wire?: WireError }} */ (error).wire;
  if (wire !== undefined) return errorOf(wire);
  return el('div', { class: 'trouble' }, el('p', {}, error instanceof Error ? error.message : String(error)));
}

/**
 * @param {string} title
 * @param {unknown} value
 * @returns {HTMLElement}
 */
export function folded(title, value) {
  return el(
    'details',
    {},
    el('summary', {}, title),
    el('pre', { tabindex: '0', role: 'group', 'aria-label': title }, JSON.stringify(value, null, 2)),
  );
}

/** @param {number | null | undefined} mib */
export function memory(mib) {
  if (mib === null || mib === undefined) return '–';
  return mib >= 10_240 ? `${Math.round(mib / 1024)} GiB` : `${mib} MiB`;
}

/**
 * A list of facts; what is not known is left out.
 *
 * @param {readonly (readonly [name: string, value: Node | string | number | null | undefined, isId?: boolean])[]} rows
 * @returns {HTMLElement}
 */
export function facts(rows) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return el(
    'dl',
    {},
    ...known.flatMap(([name, value, isId]) => [
      el('dt', {}, name),
      el('dd', isId ? { class: 'id' } : {}, typeof value === 'number' ? String(value) : value),
    ]),
  );
}
