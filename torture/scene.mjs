// A stage with its callers on it: what scenarios, load and chaos work with.
import { setTimeout as delay } from 'node:timers/promises';
import { NestCaller } from './callers/nest-caller.mjs';
import { OsloCaller } from './callers/oslo-caller.mjs';
import { PlainCaller } from './callers/plain-caller.mjs';
import { instanceName } from './load/draw.mjs';
import { Ledger } from './load/ledger.mjs';

/** Partitions at the end of each CPC that scenarios have for themselves. */
export const reservedPartitions = 16;
const patienceMs = 60_000;

export class Scene {
  ledger = new Ledger();
  /** Violations that only show at the moment they happen. */
  observed = [];
  #reserved = new Set();
  #partitions;

  /** @param {{ partitions: number }} options */
  static async open(stage, options) {
    const scene = new Scene(stage, options);
    scene.callers.push(await OsloCaller.start(stage.broker.url, 'oslo'));
    return scene;
  }

  constructor(stage, { partitions }) {
    this.stage = stage;
    this.#partitions = partitions;
    const { url } = stage.broker;
    /** Its replies are never lost, whatever happens to the broker. */
    this.durable = new PlainCaller(url, 'durable', 'durable');
    /** Asks what others want to know. */
    this.asker = new PlainCaller(url, 'asker', 'exclusive');
    this.callers = [
      this.durable,
      new PlainCaller(url, 'exclusive', 'exclusive'),
      new PlainCaller(url, 'direct', 'direct'),
      new NestCaller(url, 'nest'),
    ];
  }

  get simulator() {
    return this.stage.simulator;
  }
  get workers() {
    return this.stage.workers;
  }

  observe(rule, what, ...evidence) {
    this.observed.push({ rule, what, evidence });
  }

  /** A partition that nothing else uses, in this state. */
  reserved(cpc, status) {
    for (let number = this.#partitions; number > this.#partitions - reservedPartitions; number--) {
      const name = instanceName(cpc, number);
      if (this.#reserved.has(name) || (status === 'stopped') !== (number % 2 === 1)) continue;
      this.#reserved.add(name);
      return name;
    }
    throw new Error(`no partition of ${cpc} is left that is ${status}`);
  }

  /** The outcome as its caller was told; undefined when it was not, which the checker looks into. */
  settled(entry) {
    return Promise.race([entry.settled, delay(patienceMs, undefined, { ref: false })]);
  }

  answered(entry) {
    return Promise.race([entry.answered, delay(patienceMs, undefined, { ref: false })]);
  }

  startsOf(partition) {
    return this.simulator.wireLog.starts(partition);
  }

  stopsOf(partition) {
    return this.simulator.wireLog.stops(partition);
  }

  async killAll() {
    await Promise.all(this.workers.map((worker) => worker.end('SIGKILL')));
  }

  /** @returns {Promise<(number | null)[]>} exit statuses */
  stopAll() {
    return Promise.all(this.workers.map((worker) => worker.end('SIGTERM')));
  }

  async startAll() {
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  /** Resolves when no operation is unfinished; to false when some still are after so long. */
  async rest(withinMs) {
    const endsAt = Date.now() + withinMs;
    while (Date.now() < endsAt) {
      const { result } = (await this.asker.ask('operation.list', { state: 'unfinished', limit: 1 })) ?? {};
      if (result?.operations.length === 0) return true;
      await delay(100);
    }
    return false;
  }

  /** All that `operation.list` tells, page by page. */
  async list() {
    const listed = [];
    let before;
    do {
      const { result } =
        (await this.asker.ask('operation.list', { limit: 500, ...(before === undefined ? {} : { before }) })) ?? {};
      if (result === undefined) throw new Error('operation.list was not answered');
      listed.push(...result.operations.map(({ operation_id: id, state }) => ({ id, state })));
      before = result.next ?? undefined;
    } while (before !== undefined);
    return listed;
  }

  async closeCallers() {
    await Promise.all([this.asker, ...this.callers].map((caller) => caller.close()));
  }
}
