// What callers keep of each request that they send, and what they were told.
import { randomUUID } from 'node:crypto';
import { isFinal, isTold, operationIdOf } from '../check/outcomes.mjs';
import { pick } from '../pick.mjs';

/** What the checker is told of a request, beside who sent it. */
const KEPT = /** @type {const} */ ([
  'key',
  'method',
  'host',
  'instance',
  'sentAt',
  'isConfirmed',
  'couldMissReply',
  'isMisuse',
  'isUndisturbed',
  'replies',
  'learnt',
]);

/** One request of one caller; sent again, by whomever, it is another entry under the same key. */
export class Entry {
  replies = [];
  learnt = null;
  isConfirmed = false;
  #settle;
  #answer;
  /** Resolves to the first reply of any kind. */
  answered = new Promise((resolve) => (this.#answer = resolve));
  /** Resolves to the first reply that tells an outcome. */
  settled = new Promise((resolve) => (this.#settle = resolve));

  constructor(
    caller,
    {
      method,
      host,
      instance,
      options = {},
      queue,
      key,
      messageId = randomUUID(),
      isMisuse = false,
      isUndisturbed = false,
    },
  ) {
    Object.assign(this, { caller, method, host, instance, queue, messageId, isMisuse, isUndisturbed });
    // Named by its message id when it has no key.
    this.key = key ?? messageId;
    this.data = { host, instance, ...options, ...(key === undefined ? {} : { idempotency_key: key }) };
    this.epoch = caller.epoch;
    this.sentAt = Date.now();
  }

  get couldMissReply() {
    return !this.caller.keepsReplies && (this.caller.isForgetful === true || this.caller.epoch !== this.epoch);
  }

  get isFinal() {
    return this.replies.some(isFinal);
  }

  /** The operation that it became, as far as a reply has told. */
  get operationId() {
    return this.replies
      .filter(isTold)
      .map(operationIdOf)
      .find((id) => id !== undefined);
  }

  take(reply) {
    const told = { at: Date.now(), ...reply };
    this.replies.push(told);
    this.#answer(told);
    if (isFinal(told)) this.#settle(told);
  }

  /** Sends it, the first time or again as the same message. */
  async send() {
    await this.caller.send(
      { method: this.method, data: this.data, messageId: this.messageId, queue: this.queue },
      (reply) => this.take(reply),
    );
    if (this.caller.confirms) this.isConfirmed = true;
  }

  /** @returns {import('../check/history.js').Request} */
  toRequest() {
    return { caller: this.caller.name, ...pick(this, KEPT) };
  }
}

export class Ledger {
  entries = [];
  #keys = 0;

  /** Keys are the run's own, so that two runs on one machine could share a broker. */
  constructor(run = randomUUID().slice(0, 8)) {
    this.run = run;
  }

  newKey() {
    return `${this.run}-${++this.#keys}`;
  }

  /** Notes a request down and sends it. Resolves once it is sent; replies come when they come. */
  async send(caller, spec) {
    const entry = new Entry(caller, spec);
    this.entries.push(entry);
    await entry.send();
    return entry;
  }
}
