import { EventEmitter } from 'node:events';
import { sql, type Kysely } from 'kysely';
import { Client } from 'pg';
import { z } from 'zod';
import type { Clock } from '../../common/clock.js';
import type { OperationId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import { CONTROLS, type Signal, type SignalLine } from '../journal.port.js';
import type { JournalDatabase } from '../schema.js';
import { connectionSettings, type PostgresOptions } from './postgres-database.js';

const CHANNEL = 'zenova_signals';
const RECONNECT_PAUSE_MS = 1_000;

/** What arrives on the channel: others may write there too. */
const SignalSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('control'),
    operationId: z.string().transform((id) => id as OperationId),
    control: z.enum(CONTROLS),
  }),
  z.object({ kind: z.literal('orphans') }),
]);

interface SignalEvents {
  signal: [Signal];
}

/** Hints over LISTEN and NOTIFY, on a connection of its own that is made again when it is lost. */
export class PostgresSignals implements SignalLine {
  readonly #events = new EventEmitter<SignalEvents>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #client: Client | undefined;

  constructor(
    private readonly db: Kysely<JournalDatabase>,
    private readonly options: PostgresOptions,
    private readonly ports: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#running = this.#keepListening();
  }

  send(signal: Signal): void {
    sql`select pg_notify(${CHANNEL}, ${JSON.stringify(signal)})`
      .execute(this.db)
      .catch((error: unknown) => this.ports.log.warn('the other workers were not told', { err: error }));
  }

  onSignal(listener: (signal: Signal) => void): void {
    this.#events.on('signal', listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#running;
  }

  async #keepListening(): Promise<void> {
    const { clock, log } = this.ports;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#listen();
      } catch (error) {
        if (!signal.aborted) log.warn('not listening for the other workers', { err: error });
      }
      await clock.sleep(RECONNECT_PAUSE_MS, signal).catch(() => undefined);
    }
  }

  /** Resolves when the connection is gone. */
  async #listen(): Promise<void> {
    const client = new Client(connectionSettings(this.options));
    const gone = new Promise<void>((resolve) => client.once('end', resolve));
    client.on('error', (error) => this.ports.log.info('the connection for signals was lost', { err: error }));
    client.on('notification', ({ payload }) => this.#receive(payload));
    try {
      await client.connect();
      // Ended by close() from here on; a client that is ended while it connects never says so.
      this.#client = client;
      this.#stop.signal.throwIfAborted();
      await client.query(`listen ${CHANNEL}`);
      // What was said while nobody listened is found by looking, as is what nobody owns.
      this.#events.emit('signal', { kind: 'orphans' });
      await gone;
    } finally {
      this.#client = undefined;
      await client.end().catch(() => undefined);
    }
  }

  #receive(payload: string | undefined): void {
    try {
      this.#events.emit('signal', SignalSchema.parse(JSON.parse(payload ?? '')));
    } catch (error) {
      this.ports.log.warn('a signal of another worker cannot be read', { err: error });
    }
  }
}
