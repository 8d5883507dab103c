import { byId, el, fill, setCount, setIdle, setText } from './dom.mjs';
import { oneAtATime } from './looking.mjs';
import { get } from './session.mjs';
import { ago } from './times.mjs';
import { memory, stateOf, troubleOf } from './words.mjs';

/**
 * The view of hosts: what is configured, and what each says of itself.
 *
 * @typedef {import('../src/compute/contract/index.js').MethodResult<'host.list'>['hosts'][number]} Host
 * @typedef {import('../src/compute/contract/index.js').MethodResult<'host.get_info'>} HostInfo
 * @typedef {{ host: Host, info?: HostInfo, error?: any }} Seen
 */

/** Hosts that are asked at the same time. */
const AT_ONCE = 4;
const LOOK_EVERY_MS = 60_000;
/** Events of a host are often many: it is asked once they have stopped for so long. */
const SETTLED_MS = 1500;

const rows = byId('hosts-rows', HTMLElement);
const empty = byId('hosts-empty', HTMLElement);
const count = byId('count-hosts', HTMLElement);
const refresh = byId('hosts-refresh', HTMLButtonElement);

/** @type {Map<string, Seen>} */
const seen = new Map();
/** @type {Map<string, HTMLTableRowElement>} */
const drawn = new Map();
/** @type {Map<string, ReturnType<typeof setTimeout>>} */
const stirred = new Map();
/** @type {Set<(host?: string) => void>} */
const watchers = new Set();
/** Is it known which hosts there are? */
let isListed = false;
let lookedAt = 0;

/** @param {string} name */
export function hostOf(name) {
  return seen.get(name);
}

/** @returns {boolean} whether it is known which hosts there are */
export function areHostsListed() {
  return isListed;
}

/** @returns {readonly Host[]} */
export function allHosts() {
  return [...seen.values()].map(({ host }) => host);
}

/**
 * @param {(host?: string) => void} watcher told of every host that was looked at; of none: of the list
 * @returns {() => void} ends it
 */
export function watchHosts(watcher) {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

const look = oneAtATime(lookOnce);

/** Asks which hosts there are, and each how it does. */
export async function lookAtHosts() {
  setIdle(refresh, true);
  await look();
  lookedAt = Date.now();
  setIdle(refresh, false);
}

/** Forgets everything: somebody else looks now. */
export function forgetHosts() {
  seen.clear();
  isListed = false;
  setText(byId('server', HTMLElement), '');
  draw();
  setText(count, '');
  setText(empty, '');
}

async function lookOnce() {
  try {
    const { hosts } = await get('v1/hosts');
    for (const host of hosts) seen.set(host.name, { ...seen.get(host.name), host });
    for (const name of seen.keys())
      if (!hosts.some((/** @type {Host} */ host) => host.name === name)) seen.delete(name);
    setText(byId('server', HTMLElement), [...new Set(hosts.map((/** @type {Host} */ { server }) => server))].join(' '));
    isListed = true;
    setText(empty, NOTHING);
    draw();
    for (const watcher of watchers) watcher();
    const queue = hosts.map((/** @type {Host} */ { name }) => name);
    const worker = async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) await lookAt(name);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } catch (error) {
    fill(empty, troubleOf(error));
    empty.hidden = false;
  }
}

/** @param {string} name */
async function lookAt(name) {
  if (!seen.has(name)) return;
  /** @type {Pick<Seen, 'info' | 'error'>} */
  let found;
  try {
    found = { info: await get(`v1/hosts/${encodeURIComponent(name)}`) };
  } catch (error) {
    found = { error };
  }
  // What the list says of it may have changed meanwhile.
  const known = seen.get(name);
  if (known === undefined) return;
  seen.set(name, { host: known.host, ...found });
  draw();
  for (const watcher of watchers) watcher(name);
}

/** Something happened there. @param {string} name */
export function stirHost(name) {
  if (!seen.has(name)) return;
  clearTimeout(stirred.get(name));
  stirred.set(
    name,
    setTimeout(() => (stirred.delete(name), void lookAt(name)), SETTLED_MS),
  );
}

/** @param {Seen} seen */
export function reachOf({ host, info, error }) {
  if (error !== undefined) {
    if (error.wire === undefined) return 'unknown';
    return error.wire.code === 'BACKEND_UNREACHABLE' || error.wire.code === 'BACKEND_TIMEOUT'
      ? 'unreachable'
      : 'refused';
  }
  if (host.maintenance) return 'maintenance';
  return info === undefined ? 'looking' : info.status;
}

/** @param {Seen} seen */
function systemOf({ info, error }) {
  if (error !== undefined) {
    const text = error.wire === undefined ? error.message : `${error.wire.code}: ${error.wire.message}`;
    return el('span', { class: 'bad line', title: text }, text);
  }
  const text = info === undefined ? '' : `${info.hypervisor} · ${info.native_status}`;
  return el('span', { class: 'line', title: text }, text);
}

function draw() {
  for (const [name, row] of drawn) {
    if (seen.has(name)) continue;
    row.remove();
    drawn.delete(name);
  }
  for (const [name, one] of seen) {
    const row =
      drawn.get(name) ?? el('tr', { role: 'row' }, ...CELLS.map((cell) => el('td', { role: 'cell', class: cell })));
    if (!drawn.has(name)) {
      drawn.set(name, row);
      rows.append(row);
    }
    const { host, info } = one;
    const values = [
      el('a', { href: `#hosts/${encodeURIComponent(name)}`, class: 'id' }, name),
      stateOf(reachOf(one)),
      host.driver,
      systemOf(one),
      info === undefined ? '–' : `${info.running} of ${info.instances}`,
      String(info?.vcpus ?? '–'),
      memory(info?.memory_mib),
      ago(info?.observed_at),
    ];
    values.forEach((value, index) => {
      const cell = row.cells[index];
      if (cell !== undefined) fill(cell, value);
    });
  }
  empty.hidden = seen.size > 0;
  const troubled = [...seen.values()].filter((one) => ['unreachable', 'refused', 'down'].includes(reachOf(one))).length;
  if (troubled === 0) setText(count, String(seen.size));
  else setCount(count, `${troubled} of ${seen.size}`, 'in trouble');
  count.classList.toggle('bad', troubled > 0);
}

const NOTHING = 'No hosts. They are listed under hosts in the configuration.';

const CELLS = [
  'name-cell',
  'reach-cell',
  'driver-cell',
  'system-cell',
  'number running-cell',
  'number vcpu-cell',
  'number memory-cell',
  'time-cell',
];

/** Looks again from time to time, while somebody looks at the page. */
export function initHosts() {
  refresh.addEventListener('click', () => void lookAtHosts());
  setInterval(() => {
    if (!document.hidden && Date.now() - lookedAt > LOOK_EVERY_MS) void lookAtHosts();
  }, 5000);
}
