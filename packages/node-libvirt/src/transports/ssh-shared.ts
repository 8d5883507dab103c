import { untilAborted } from './connecting.js';
import type { SshServer } from './ssh-server.js';
import { SshSession } from './ssh-session.js';
import { TransportError } from '../errors/transport-error.js';

/** What somebody has of the shared session. */
export interface Taken {
  readonly session: SshSession;
  readonly release: () => void;
  /** It did not answer in time: it is not offered to the next one. */
  readonly forget: () => void;
}

/** An ssh connection, or one that is on its way, and how many hold it. */
interface Held {
  readonly session: Promise<SshSession>;
  readonly isUsable: () => boolean;
  readonly giveUp: AbortController;
  holders: number;
  farewell?: NodeJS.Timeout | undefined;
}

/** One ssh connection for all who need one to the same server at the same time. */
export class SharedSession {
  readonly #server: SshServer;
  readonly #lingerMs: number;
  #current: Held | undefined;

  /** @param lingerMs how long it stays when nobody holds it */
  constructor(server: SshServer, lingerMs = 0) {
    this.#server = server;
    this.#lingerMs = lingerMs;
  }

  /** @throws TransportError; the signal's reason */
  async take(signal: AbortSignal): Promise<Taken> {
    const held = this.#hold();
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) this.#release(held);
      isReleased = true;
    };
    const forget = (): void => this.#forget(held);
    try {
      const session = await untilAborted<SshSession>(signal, (resolve, reject) => {
        held.session.then(resolve, reject);
      });
      return { session, release, forget };
    } catch (error) {
      if (signal.reason instanceof TransportError) forget();
      release();
      throw error;
    }
  }

  /** Ends it also when somebody holds it. The next one who takes it gets another. */
  close(): void {
    if (this.#current !== undefined) this.#end(this.#current);
  }

  #hold(): Held {
    if (this.#current?.isUsable() !== true) this.#current = connecting(this.#server);
    clearTimeout(this.#current.farewell);
    this.#current.holders += 1;
    return this.#current;
  }

  #release(held: Held): void {
    held.holders -= 1;
    if (held.holders > 0) return;
    if (this.#lingerMs === 0 || this.#current !== held) this.#end(held);
    else held.farewell = setTimeout(() => this.#end(held), this.#lingerMs).unref();
  }

  #end(held: Held): void {
    clearTimeout(held.farewell);
    this.#forget(held);
    held.giveUp.abort(new TransportError('lost', 'nobody waits for the ssh connection any more'));
    held.session.then(
      (session) => session.close(),
      () => undefined, // it never came about, as whoever waited for it knows
    );
  }

  #forget(held: Held): void {
    if (this.#current === held) this.#current = undefined;
  }
}

function connecting(server: SshServer): Held {
  const giveUp = new AbortController();
  let isUsable = (): boolean => true;
  const session = (async (): Promise<SshSession> => {
    try {
      const made = await SshSession.open(server, giveUp.signal);
      isUsable = () => made.isOpen;
      return made;
    } catch (error) {
      isUsable = () => false;
      throw error;
    }
  })();
  return { session, isUsable: () => isUsable(), giveUp, holders: 0 };
}
