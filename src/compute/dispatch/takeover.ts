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
  readonly log: Log;
  readonly hosts: readonly string[];
  /** This worker now. */
  readonly self: () => WorkerId;
  /** Is this operation in hand here, or being accepted? */
  readonly has: (id: OperationId) => boolean;
  /** When an operation was accepted, at the latest, that is ended when nobody has its host. */
  readonly forsakenBefore: () => number;
  /** Carries on what an earlier owner left. */
  readonly takeUp: (record: OperationRecord) => void;
  readonly control: (id: OperationId, control: Control) => void;
  /** Who is alive, and how many operations of all of them are unfinished. */
  readonly onCount: (workers: readonly Worker[], unfinished: number) => void;
}

/** So many at a time, so that workers that come to the same heap share it. */
const BATCH = 100;

/** Looks after what the journal holds and no memory does: operations of workers that are gone, and hints that got lost. */
export class Takeover {
  readonly #options: TakeoverOptions;
  #looking: Promise<void> | undefined;

  constructor(options: TakeoverOptions) {
    this.#options = options;
  }

  /** @param strikeOff whether workers whose lease and grace are over may be struck off. @throws JOURNAL_UNAVAILABLE */
  async look(strikeOff: boolean): Promise<void> {
    const { journal, registry, log, self, has, control, onCount } = this.#options;
    const gone = strikeOff ? await registry.strikeOffExpired() : 0;
    if (gone > 0) log.warn(`${gone} workers said nothing for longer than their lease; their operations are taken over`);
    await this.adopt();
    for (const id of await journal.owned(self())) if (!has(id)) await this.#find(id);
    for (const asked of await journal.controlsOf(self())) control(asked.operationId, asked.control);
    const workers = await registry.list();
    if (strikeOff) await this.#adoptForsaken(workers);
    onCount(workers, await journal.countUnfinished());
  }

  /** Adopts what nobody living owns, in order of acceptance. */
  async adopt(): Promise<void> {
    // One after the other: two at once would only share the same heap among themselves.
    while (this.#looking !== undefined) await this.#looking.catch(() => undefined);
    this.#looking = this.#adopt({ of: this.#options.hosts });
    try {
      await this.#looking;
    } finally {
      this.#looking = undefined;
    }
  }

  /** Operations of hosts that nobody has any more can only be ended; after so long that nobody is coming back for them. */
  async #adoptForsaken(workers: readonly Worker[]): Promise<void> {
    const hosts = new Set([...this.#options.hosts, ...workers.flatMap((worker) => worker.hosts)]);
    await this.#adopt({ notOf: [...hosts], acceptedBefore: this.#options.forsakenBefore() });
  }

  async #adopt(which: AdoptionFilter): Promise<void> {
    const { journal, self, takeUp } = this.#options;
    for (;;) {
      const adopted = await journal.adopt(self(), which, BATCH);
      for (const record of adopted) takeUp(record);
      if (adopted.length < BATCH) return;
    }
  }

  /** Ours in the journal, and not in hand: the answer to its acceptance, or to its adoption, was lost. */
  async #find(id: OperationId): Promise<void> {
    const { journal, self, has, takeUp } = this.#options;
    const record = await journal.findById(id);
    if (record !== undefined && record.finishedAt === null && record.owner === self() && !has(id)) takeUp(record);
  }
}
