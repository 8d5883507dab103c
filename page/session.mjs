/**
 * Who we are, and requests in that name. The token is kept for this tab only, and goes into one header and nowhere else.
 *
 * @typedef {import('../src/common/errors/index.js').WireError} WireError
 * @typedef {{ name: string, may_act: boolean }} Caller
 */

const KEY = 'zenova.token';

/** @type {Caller | null} whom the service takes us for */
let caller = null;
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {string | null} */
export function token() {
  return sessionStorage.getItem(KEY);
}

/** @param {string | null} value */
export function setToken(value) {
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
  setCaller(null);
}

/** @param {Caller | null} next */
export function setCaller(next) {
  caller = next;
  document.body.classList.toggle('acts', mayAct());
  for (const listener of listeners) listener();
}

/** @returns {Caller | null} */
export function currentCaller() {
  return caller;
}

/** @returns {boolean} whether actions are offered */
export function mayAct() {
  return caller?.may_act === true;
}

/** @param {() => void} listener called whenever we are somebody else */
export function onCaller(listener) {
  listeners.add(listener);
}

/** @returns {Record<string, string>} */
export function authorization() {
  const value = token();
  return value === null ? {} : { Authorization: `Bearer ${value}` };
}

/** What the service says is wrong, or that it cannot be asked. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {{ status?: number, wire?: WireError }} [known] no status: there was no answer
   */
  constructor(message, { status, wire } = {}) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.wire = wire;
  }

  /** Is it known what became of the request? A proxy that gives up, say, knows nothing. */
  get isSettled() {
    if (this.wire !== undefined) return this.wire.outcome !== 'unknown';
    return this.status !== undefined && this.status < 500;
  }
}

/**
 * @param {string} path relative to the service
 * @param {Record<string, string | number | undefined>} [query]
 * @returns {Promise<any>}
 * @throws {RequestError}
 */
export function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return ask(search === '' ? path : `${path}?${search}`, {});
}

/**
 * @param {string} method of RPC
 * @param {object} params
 * @returns {Promise<any>}
 * @throws {RequestError}
 */
export function call(method, params) {
  return ask(`v1/rpc/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(params),
  });
}

/**
 * @param {string} path
 * @param {{ method?: string, headers?: Record<string, string>, body?: string }} init
 */
async function ask(path, init) {
  const asker = token();
  let response;
  let text;
  try {
    const headers = { ...init.headers, ...authorization() };
    response = await fetch(path, { ...init, headers, cache: 'no-store', redirect: 'error', credentials: 'omit' });
    text = await response.text();
  } catch {
    throw new RequestError('The service does not answer.');
  }
  // What one may see is not shown to the next.
  if (token() !== asker) throw new RequestError('The token has changed meanwhile.');
  const answer = parsed(text);
  if (response.ok) return answer;
  const { status } = response;
  if (typeof answer?.code === 'string') throw new RequestError(answer.message, { status, wire: answer });
  throw new RequestError(answer?.message ?? `The service answered with status ${status}.`, { status });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns {string} names one request, so that sending it again does nothing twice; also without a secure context */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
