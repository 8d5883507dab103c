import type { Connection } from '../connection.js';
import type { Place } from './places.js';

/**
 * How many calls may be under way on one connection. A daemon works on five of each, and reads no further
 * (`max_client_requests`): with one less, it still reads what is sent to it.
 */
const MAX_CALLS = 4;

/** A connection that is opened when it is first needed, and again after it was lost, and the calls on it. */
export class Lane implements Place {
  readonly #open: () => Promise<Connection>;
  readonly #onRoom: () => void;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #calls = 0;

  /** @param onRoom told when there is room for one more */
  constructor(open: () => Promise<Connection>, onRoom: () => void) {
    this.#open = open;
    this.#onRoom = onRoom;
  }

  /** The connection, while there is one. */
  get connection(): Connection | undefined {
    return this.#connection?.isOpen === true ? this.#connection : undefined;
  }

  /** Calls that were let in, and that the daemon has not answered. */
  get calls(): number {
    return this.#calls;
  }

  get hasRoom(): boolean {
    return this.#calls < MAX_CALLS;
  }

  enter(): void {
    this.#calls++;
  }

  leave(): void {
    this.#calls--;
    this.#onRoom();
  }

  /** Opens the connection if there is none. */
  connect(): Promise<Connection> {
    const { connection } = this;
    if (connection !== undefined) return Promise.resolve(connection);
    this.#opening ??= this.#open()
      .then((opened) => (this.#connection = opened))
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  async close(): Promise<void> {
    const opening = this.#opening?.catch(() => undefined);
    await this.#connection?.close();
    await (await opening)?.close();
  }
}
