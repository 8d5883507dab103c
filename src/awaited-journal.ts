import { aborted } from './common/aborted.js';
import { Backoff } from './common/backoff.js';
import type { Clock } from './common/clock.js';
import { ComputeError, messageOf } from './common/errors/index.js';
import type { Log } from './common/log.js';
import { placeOf } from './journal-place.js';
import { openJournal, type JournalOptions, type OpenJournal } from './journal/index.js';
import { isPassing } from './journal/postgres/postgres-failure.js';

/** The service's journal, which is waited for as the broker is: a database may be away when the service starts. */
export class AwaitedJournal {
  readonly #options: JournalOptions;
  readonly #ports: { readonly clock: Clock; readonly log: Log };
  #opened: OpenJournal | undefined;
  #lastFailure: string | undefined;

  constructor(options: JournalOptions, ports: { readonly clock: Clock; readonly log: Log }) {
    this.#options = options;
    this.#ports = ports;
  }

  /**
   * Opens the journal, however long it takes.
   *
   * @throws ComputeError JOURNAL_UNAVAILABLE, CONFIG_INVALID when waiting does not help; the signal's reason as soon as it aborts
   */
  async open(signal: AbortSignal): Promise<OpenJournal> {
    const opening = this.#keepTrying(signal);
    try {
      return await Promise.race([opening, aborted(signal).then(() => Promise.reject(signal.reason as Error))]);
    } catch (error) {
      // An attempt may be under way still, and be a late success.
      void opening.then(
        (opened) => opened.close(),
        () => undefined,
      );
      throw error;
    }
  }

  /** Throws JOURNAL_UNAVAILABLE, with what is waited for, when it is not there. */
  async check(): Promise<void> {
    if (this.#opened !== undefined) return this.#opened.journal.check();
    const reason = this.#lastFailure === undefined ? '' : `: ${this.#lastFailure}`;
    throw new ComputeError('JOURNAL_UNAVAILABLE', `not open yet${reason}`);
  }

  async #keepTrying(signal: AbortSignal): Promise<OpenJournal> {
    const { clock, log } = this.#ports;
    const database = placeOf(this.#options.database);
    const backoff = new Backoff(clock, { initialMs: 100, maxMs: 1_000 });
    for (;;) {
      signal.throwIfAborted();
      try {
        const opened = await openJournal(this.#options, this.#ports);
        if (this.#lastFailure !== undefined) log.info('the journal is there', { database });
        this.#opened = opened;
        return opened;
      } catch (error) {
        if (!isPassing(error)) throw error;
        const reason = messageOf(error);
        // Said once for each reason, as of the broker.
        log[reason === this.#lastFailure ? 'debug' : 'warn']('waiting for the journal', { database, reason });
        this.#lastFailure = reason;
      }
      await backoff.pause(signal);
    }
  }
}
