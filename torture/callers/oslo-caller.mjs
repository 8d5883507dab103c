// A caller that is an OpenStack-style Python service. Its requests are named by an idempotency key.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Debian's, for which python3-oslo.messaging is packaged. */
const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('oslo_caller.py', import.meta.url));
const timeoutSeconds = 60;

/** Both sides must agree on them; with these, requests survive a restart of the broker. */
export const osloFlags = { rabbit_quorum_queue: true };

export class OsloCaller {
  confirms = false;
  keepsReplies = false;
  epoch = 0;
  /** Its library does not tell when replies may have been lost. */
  isForgetful = true;
  #process;
  #expected = new Map();
  #count = 0;

  static async start(url, name) {
    const caller = new OsloCaller(name);
    await caller.#begin(url);
    return caller;
  }

  constructor(name) {
    this.name = name;
  }

  async #begin(url) {
    this.#process = spawn(python, ['-W', 'ignore', script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.#process.stdin.on('error', () => undefined);
    const ready = new Promise((resolve, reject) => {
      this.#expected.set(0, resolve);
      this.#process.once('exit', (status) =>
        reject(
          new Error(
            `the oslo.messaging caller ended with status ${status}; it needs the Debian package python3-oslo.messaging`,
          ),
        ),
      );
    });
    createInterface(this.#process.stdout).on('line', (line) => {
      const { id, ...reply } = JSON.parse(line);
      this.#expected.get(id)?.(reply);
      this.#expected.delete(id);
    });
    const { username, password, host } = new URL(url);
    this.#write({ url: `rabbit://${username}:${password}@${host}/`, options: osloFlags });
    await ready;
  }

  async send({ method, data }, onReply) {
    const id = ++this.#count;
    // What its library itself throws, as when time is over, is no reply of the service.
    this.#expected.set(id, (reply) => {
      if (reply.error !== null) onReply(reply);
    });
    this.#write({ id, method, data, timeout: timeoutSeconds });
  }

  #write(line) {
    this.#process.stdin.write(`${JSON.stringify(line)}\n`);
  }

  async close() {
    this.#expected.clear();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL'); // it has nothing to keep
    await gone;
  }
}
