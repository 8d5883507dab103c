import { authorization } from './session.mjs';

/**
 * Follows `GET /v1/events`. The browser's own EventSource cannot send a token in a header, and a token in an address would
 * end in logs; so the stream is read by hand.
 *
 * @typedef {'connecting' | 'live' | 'lost' | 'refused' | 'full' | 'unready'} StreamState
 * @typedef {{ kind: string, data: any }} StreamEvent
 */

/** The service gives a sign of life every 15 seconds. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

export class EventStream {
  #onEvent;
  #onState;
  /** @type {AbortController | undefined} */
  #connection;
  #lastId = '';
  #pauseMs = FIRST_PAUSE_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {(event: StreamEvent) => void} onEvent
   * @param {(state: StreamState, why?: string) => void} onState told why, where the service says it to people
   */
  constructor(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    // A browser opens six connections to a service: those of tabs that nobody looks at are given back.
    document.addEventListener('visibilitychange', () => (document.hidden ? this.#disconnect() : this.start()));
    addEventListener('online', () => this.start());
  }

  /** Connects, anew if need be. */
  start() {
    this.#disconnect();
    if (document.hidden) return;
    this.#connection = new AbortController();
    void this.#follow(this.#connection);
  }

  /** Connects as somebody else, who may see other things. */
  startOver() {
    this.#lastId = '';
    this.#pauseMs = FIRST_PAUSE_MS;
    this.start();
  }

  #disconnect() {
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#connection = undefined;
  }

  /** @param {AbortController} connection */
  async #follow(connection) {
    this.#onState('connecting');
    /** @type {StreamState} */
    let state = 'lost';
    /** @type {string | undefined} */
    let why;
    try {
      const headers = { ...authorization(), ...(this.#lastId === '' ? {} : { 'Last-Event-ID': this.#lastId }) };
      const init = { headers, signal: connection.signal, cache: /** @type {const} */ ('no-store') };
      const response = await fetch('v1/events', { ...init, redirect: 'error', credentials: 'omit' });
      if (response.ok && response.body !== null) await this.#read(response.body, connection);
      else ({ state, why } = await refusalOf(response));
    } catch {
      // Whatever it was, the stream is over.
    }
    if (this.#connection !== connection) return;
    this.#onState(state, why);
    if (state === 'refused') return;
    this.#timer = setTimeout(() => this.start(), this.#pauseMs * (0.75 + Math.random() / 2));
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /**
   * @param {ReadableStream<Uint8Array>} body
   * @param {AbortController} connection
   */
  async #read(body, connection) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let silence = setTimeout(() => connection.abort(), SILENCE_MS);
    let rest = '';
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || connection.signal.aborted) return;
        clearTimeout(silence);
        silence = setTimeout(() => connection.abort(), SILENCE_MS);
        const messages = (rest + decoder.decode(value, { stream: true })).split('\n\n');
        rest = messages.pop() ?? '';
        for (const message of messages) this.#take(message);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  /** @param {string} message of the format in which our service writes them */
  #take(message) {
    let kind = '';
    let data = '';
    for (const line of message.split('\n')) {
      if (line.startsWith('event: ')) kind = line.slice(7);
      else if (line.startsWith('data: ')) data = line.slice(6);
      else if (line.startsWith('id: ')) this.#lastId = line.slice(4);
    }
    if (kind === '') return;
    if (kind === 'hello') {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#onState('live');
    }
    this.#onEvent({ kind, data: JSON.parse(data) });
  }
}

/**
 * @param {Response} response that is none of events
 * @returns {Promise<{ state: StreamState, why?: string }>}
 */
async function refusalOf(response) {
  const { status } = response;
  if (status === 401) return { state: 'refused' };
  const { code, message } = await response.json();
  if (status === 403) return { state: 'refused', why: message };
  if (status !== 503) return { state: 'lost' };
  return { state: code === 'CAPACITY_EXHAUSTED' ? 'full' : 'unready' };
}
