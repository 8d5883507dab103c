// One `zenova serve` in a process of its own, on links that can be broken, with a state directory that outlives it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../scripts/server/free-port.mjs';
import { inCheckout } from '../../scripts/environment/checkout.mjs';

const readyWithinMs = 120_000;
const startsAgainAfterMs = 500;
const tether = new URL('../../scripts/environment/tether.mjs', import.meta.url).href;

export class Worker {
  #child;
  #file;
  #log;
  #environment;
  #dist;
  isFrozen = false;
  /** Should it run? Then any end of it is a defect, but for a start without a database, which a supervisor repeats. */
  #isWanted = false;
  #isDiscarded = false;
  #again;
  /** Ends that nobody asked for. */
  deaths = [];
  starts = 0;
  /** Starts that were given up because the database was away. */
  startsWithoutDatabase = 0;

  /**
   * @param {object} options
   * @param {string} options.dist the compiled service
   * @param {string} options.name its `server`
   * @param {string} options.directory for its state, configuration and log
   * @param {(httpPort: number) => object} options.configuration
   * @param {import('./link.mjs').Link[]} options.links
   * @param {Record<string, string>} options.environment
   */
  constructor({ dist, name, directory, configuration, links, environment }) {
    Object.assign(this, { name, links });
    this.#dist = dist;
    this.#environment = environment;
    this.configuration = configuration;
    this.directory = join(directory, name);
    mkdirSync(this.directory, { recursive: true });
    this.#file = join(this.directory, 'zenova.yaml');
    this.logFile = join(directory, `${name}.log`);
    this.#log = createWriteStream(this.logFile, { flags: 'a' });
  }

  get pid() {
    return this.#child?.pid;
  }

  get isRunning() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves once it is ready for requests. */
  async start({ isAwaited = true } = {}) {
    if (!this.#isWanted && !this.#isDiscarded) {
      this.#isWanted = true;
      await this.#spawn();
    }
    if (isAwaited) await this.ready();
  }

  async #spawn() {
    const port = await freePort();
    if (!this.#isWanted) return;
    this.port = port;
    // JSON is YAML.
    writeFileSync(this.#file, JSON.stringify(this.configuration(port)), { mode: 0o600 });
    this.starts += 1;
    const program = ['--import', tether, join(this.#dist, 'main.js'), 'serve', '--config', this.#file];
    const child = spawn(process.execPath, program, {
      cwd: inCheckout(),
      env: { PATH: process.env.PATH, HOME: this.directory, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true, // a Ctrl-C in our terminal is ours to pass on
    });
    this.#child = child;
    let lastWords = '';
    child.stdout.pipe(this.#log, { end: false });
    child.stderr.pipe(this.#log, { end: false });
    child.stderr.setEncoding('utf8').on('data', (text) => (lastWords = (lastWords + text).slice(-2000)));
    child.once('close', (status, signal) => {
      if (this.#child === child && this.#isWanted) this.#ended({ status, signal, lastWords });
    });
  }

  #ended({ status, signal, lastWords }) {
    if (status === 1 && /^JOURNAL_UNAVAILABLE: /m.test(lastWords)) this.startsWithoutDatabase += 1;
    else this.deaths.push({ worker: this.name, status, signal, lastWords });
    this.#again = setTimeout(() => void this.#spawn(), startsAgainAfterMs);
  }

  async ready() {
    const endsAt = Date.now() + readyWithinMs;
    while (this.#isWanted && Date.now() < endsAt) {
      if (this.isRunning && (await this.isReady())) return;
      await delay(25);
    }
    throw new Error(
      `${this.name} did not get ready. The end of its log:\n${readFileSync(this.logFile, 'utf8').slice(-2000)}`,
    );
  }

  async isReady() {
    const answer = await fetch(`http://127.0.0.1:${this.port}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer();
    return answer?.status === 200;
  }

  freeze() {
    if (!this.isRunning) return;
    this.#child.kill('SIGSTOP');
    this.isFrozen = true;
  }

  thaw() {
    if (!this.isFrozen) return;
    this.isFrozen = false;
    this.#child.kill('SIGCONT');
  }

  /**
   * @param {'SIGTERM' | 'SIGKILL'} signal
   * @returns {Promise<number | null>} its exit status, null when the signal ended it
   */
  async end(signal) {
    this.#isWanted = false;
    clearTimeout(this.#again);
    this.isFrozen = false;
    const child = this.#child;
    if (!this.isRunning) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT');
    await exited;
    return child.exitCode;
  }

  async discard() {
    this.#isDiscarded = true;
    await this.end('SIGKILL');
    for (const link of this.links) await link.close();
    this.#log.end();
  }
}
