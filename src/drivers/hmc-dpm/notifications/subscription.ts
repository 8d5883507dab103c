import { aborted } from '../../../common/aborted.js';
import { Backoff } from '../../../common/backoff.js';
import type { Clock } from '../../../common/clock.js';
import type { Log } from '../../../common/log.js';
import type { TlsTrust } from '../../../connectors/http/index.js';
import { StompConnection, StompFailure, type StompMessage } from '../../../connectors/stomp/index.js';
import type { HmcAddress } from '../client/hmc-address.js';
import type { Topics } from '../client/hmc-call.js';

/** As in the reference client (hmc-dpm.md section 14). */
const HEART_BEAT_MS = 5000;
const RECONNECT = { initialMs: 1000, maxMs: 5 * 60_000 } as const;

export interface SubscriptionParts {
  readonly address: HmcAddress;
  /** Where the HMC's STOMP server listens. */
  readonly port: number;
  readonly trust: TlsTrust;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes sure that the session is there; a session that is not is replaced, with topics of its own. */
  checkSession(signal: AbortSignal): Promise<void>;
  readonly onMessage: (message: StompMessage) => void;
  /** Everything said from now on arrives. */
  onUp(connection: StompConnection): void;
  onDown(connection: StompConnection): void;
}

/** Keeps a connection to the topics of one session, for as long as the session lives. */
export class Subscription {
  readonly #end = new AbortController();
  readonly #ended: Promise<void>;
  #connection: StompConnection | undefined;
  /** What ended a connection may have ended the session too. */
  #isSessionInDoubt = false;

  constructor(
    private readonly parts: SubscriptionParts,
    topics: Topics,
  ) {
    this.#ended = this.#keep(topics, this.#end.signal);
  }

  /** Leaves topics that are gone, and looks for the session. */
  sessionLost(): void {
    void this.#connection?.close();
  }

  /** Resolves when the connection is closed. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#ended;
  }

  async #keep(topics: Topics, signal: AbortSignal): Promise<void> {
    const { clock, log, address, port } = this.parts;
    const hmc = address.label;
    const backoff = new Backoff(clock, RECONNECT);
    const isOver = aborted(signal);
    let isSilent = false;
    while (!signal.aborted) {
      try {
        if (this.#isSessionInDoubt) await this.parts.checkSession(signal);
        if (signal.aborted) return;
        this.#isSessionInDoubt = false;
        const why = await this.#listen(topics, signal, isOver, () => {
          isSilent = false;
          backoff.reset();
        });
        if (signal.aborted) return;
        log.info('the notifications of the HMC are lost: it is asked instead, until they are back', {
          hmc,
          reason: why,
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#isSessionInDoubt ||= error instanceof StompFailure && error.kind === 'refused';
        if (!isSilent) {
          // Said once: it goes on as well without, and a port that is closed stays so.
          isSilent = true;
          log.info('the HMC sends no notifications, so it is asked instead', { hmc, port, err: error });
        }
      }
      await backoff.pause(signal);
    }
  }

  /** Connects, and stays until the end of the connection; why it ended. @throws StompFailure */
  async #listen(
    { objects, jobs, login, passcode }: Topics,
    signal: AbortSignal,
    isOver: Promise<undefined>,
    onUp: () => void,
  ): Promise<string> {
    const { address, port, trust, onMessage } = this.parts;
    const connection = await StompConnection.open(
      { host: address.host, port, trust, login, passcode, heartBeatMs: HEART_BEAT_MS },
      signal,
    );
    this.#isSessionInDoubt = true;
    try {
      await connection.subscribe(objects, onMessage);
      await connection.subscribe(jobs, onMessage);
      if (signal.aborted) return 'not wanted any more';
      this.#connection = connection;
      onUp();
      this.parts.onUp(connection);
      return (await Promise.race([connection.closed, isOver])) ?? 'not wanted any more';
    } finally {
      this.#connection = undefined;
      this.parts.onDown(connection);
      await connection.close();
    }
  }
}
