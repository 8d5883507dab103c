import type { Clock } from '../../common/clock.js';
import type { OperationId, WorkerId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type {
  AdoptionFilter,
  Control,
  Journal,
  OperationRecord,
  Worker,
  WorkerRegistry,
} from '../../journal/journal.port.js';

export interface TakeoverOptions {
  readonly journal: Journal;
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly hosts: readonly string[];
  /** This worker now. */
  readonly self: () => WorkerId;
  /** Is this operation in hand here, or being accepted? */
  readonly has: (id: OperationId) => boolean;
  /** When an operation was accepted, at the latest, that is ended when nobody has its host. */
  readonly forsakenBefore: () => number;
  /** The hosts without which an operation cannot be carried on, as far as it can be read. */
  readonly hostsOf: (record: OperationRecord) => readonly string[];
  /** Carries on what an earlier owner left. */
  readonly takeUp: (record: OperationRecord) => void;
  /** An operation was given to another worker. */
  readonly onPassedOn: () => void;
  readonly control: (id: OperationId, control: Control) => void;
  /** Who is alive, and how many operations of all of them are unfinished. */
  readonly onCount: (workers: readonly Worker[], unfinished: number) => void;
}

/** So many at a time, so that workers that come to the same heap share it. */
const BATCH = 100;

/** Looks after what the journal holds and no memory does: operations of workers that are gone, and hints that got lost. */
export class Takeover {
  readonly #options: TakeoverOptions;
  readonly #life = new AbortController();
  #looking: Promise<void> | undefined;
  /** Ends the waiting for what is still in flight. */
  #forgetLanding = (): void => undefined;

  constructor(options: TakeoverOptions) {
    this.#options = options;
  }

  /** @param strikeOff whether workers whose lease and grace are over may be struck off. @throws JOURNAL_UNAVAILABLE */
  async look(strikeOff: boolean): Promise<void> {
    const { journal, registry, log, self, control, onCount } = this.#options;
    const gone = strikeOff ? await registry.strikeOffExpired() : 0;
    if (gone > 0) log.warn(`${gone} workers said nothing for longer than their lease; their operations are taken over`);
    await this.adopt();
    for (const asked of await journal.controlsOf(self())) control(asked.operationId, asked.control);
    const workers = await registry.list();
    if (strikeOff) await this.#adoptForsaken(workers);
    onCount(workers, await journal.countUnfinished());
  }

  /** Adopts what nobody living owns, in order of acceptance, and finds what is ours and not in hand. @throws JOURNAL_UNAVAILABLE */
  async adopt(): Promise<void> {
    const { journal, hosts, self, has } = this.#options;
    await this.#alone(async () => {
      await this.#adopt({ of: hosts });
      for (const id of await journal.owned(self())) if (!has(id)) await this.#find(id);
      this.#waitForLanding(await journal.nextLanding({ of: hosts }));
    });
  }

  /** Waits for nothing any longer. */
  stop(): void {
    this.#life.abort();
    this.#forgetLanding();
  }

  /** One after the other: two at once would only share the same heap among themselves, and find what the other adopts. */
  async #alone(work: () => Promise<void>): Promise<void> {
    while (this.#looking !== undefined) await this.#looking.catch(() => undefined);
    this.#looking = work();
    try {
      await this.#looking;
    } finally {
      this.#looking = undefined;
    }
  }

  /** What a worker left in flight when it stopped is adopted when its time is over. */
  #waitForLanding(waitMs: number | undefined): void {
    this.#forgetLanding();
    if (waitMs === undefined || this.#life.signal.aborted) return;
    const { clock, log } = this.#options;
    this.#forgetLanding = clock.after(waitMs, () => {
      this.adopt().catch((error: unknown) =>
        log.warn('what another worker left could not be taken over yet', { err: error }),
      );
    });
  }

  /** Operations of hosts that nobody has any more can only be ended; after so long that nobody is coming back for them. */
  async #adoptForsaken(workers: readonly Worker[]): Promise<void> {
    const hosts = new Set([...this.#options.hosts, ...workers.flatMap((worker) => worker.hosts)]);
    const which = { notOf: [...hosts], acceptedBefore: this.#options.forsakenBefore() };
    await this.#alone(() => this.#adopt(which));
  }

  async #adopt(which: AdoptionFilter): Promise<void> {
    const { journal, self } = this.#options;
    for (;;) {
      const adopted = await journal.adopt(self(), which, BATCH);
      for (const record of adopted) await this.#take(record);
      if (adopted.length < BATCH) return;
    }
  }

  /** Ours in the journal, and not in hand: the answer to its acceptance, or to its adoption, was lost, or it was passed on. */
  async #find(id: OperationId): Promise<void> {
    const { journal, self, has } = this.#options;
    const record = await journal.findById(id);
    if (record !== undefined && record.finishedAt === null && record.owner === self() && !has(id)) {
      await this.#take(record);
    }
  }

  /** Carries it on here, unless this worker lacks a host that it needs and another one has all of them. */
  async #take(record: OperationRecord): Promise<void> {
    const { log, takeUp, onPassedOn } = this.#options;
    try {
      if (await this.#passOn(record)) onPassedOn();
      else takeUp(record);
    } catch (error) {
      // Whoever has it by now finds it at the next look.
      log.warn('an operation could not be given to a worker that has all its hosts', { err: error });
    }
  }

  async #passOn(record: OperationRecord): Promise<boolean> {
    const { journal, registry, self, hosts, hostsOf } = this.#options;
    const needed = hostsOf(record);
    const hasAll = (has: readonly string[]): boolean => needed.every((host) => has.includes(host));
    if (hasAll(hosts)) return false;
    const other = (await registry.list()).find((worker) => hasAll(worker.hosts));
    return other !== undefined && (await journal.passOn(record.id, self(), other.id));
  }
}
