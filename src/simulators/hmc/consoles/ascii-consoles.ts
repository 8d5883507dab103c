import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Cancel, Clock } from '../../kit/clock.js';
import type { Changes } from '../changes.js';
import { HmcError } from '../hmc-error.js';
import type { Partition } from '../model.js';
import type { Session } from '../sessions.js';
import type { ConsoleSeats, Seat } from './console-seats.js';
import type { GuestSettings } from './guest-settings.js';
import type { Guests } from './guests.js';
import { Terminal } from './terminal.js';

/** How long a websocket URI can be used. */
const TOKEN_LIVES_MS = 60_000;
/** Statuses in which nothing is there that a console could show. */
const WITHOUT_CONSOLE: readonly string[] = ['stopping', 'stopped', 'reservation-error'];
const GOING_AWAY = 1001;
/** A reader that is this far behind is cut off. */
const MOST_UNREAD_BYTES = 1024 * 1024;

interface Ticket {
  readonly partition: Partition;
  readonly session: Session;
  readonly force: boolean;
  readonly expire: Cancel;
}

export interface AsciiConsoleParts {
  readonly clock: Clock;
  readonly changes: Changes;
  readonly guests: Guests;
  readonly guestSettings: GuestSettings;
  readonly seats: ConsoleSeats;
  readonly hmcName: string;
  /** The 409 reason when somebody else has the console. */
  readonly takenReason: number;
  findPartition(id: string): Partition | undefined;
}

/** Integrated ASCII consoles of partitions: a URI that works once and for a minute, then a websocket (hmc-dpm.md section 15). */
export class AsciiConsoles {
  readonly #tickets = new Map<string, Ticket>();
  readonly #open = new Map<Seat, Session>();

  constructor(private readonly parts: AsciiConsoleParts) {
    parts.changes.subscribe((change) => {
      if (change.kind !== 'status' || !WITHOUT_CONSOLE.includes(change.newStatus)) return;
      const partition = parts.findPartition(change.object.uri.split('/').at(-1) ?? '');
      if (partition !== undefined) parts.seats.clear(partition, 'The partition has stopped');
    });
  }

  /** The path of a websocket. Throws 409 when the partition has no console now, or somebody else has it. */
  invite(partition: Partition, session: Session, force: boolean): string {
    if (WITHOUT_CONSOLE.includes(partition.status)) {
      throw new HmcError(409, 1, `The partition '${partition.name}' is in status '${partition.status}'`);
    }
    if (!this.parts.seats.isFree(partition, this.parts.hmcName, force)) throw this.#taken(partition);
    const token = randomBytes(24).toString('hex');
    const expire = this.parts.clock.after(TOKEN_LIVES_MS, () => this.#tickets.delete(token));
    this.#tickets.set(token, { partition, session, force, expire });
    return `/api/websock/${token}/1`;
  }

  /** Uses the ticket up: the partition that it is for, or null when it is not valid (any more). */
  admit(path: string): ((socket: WebSocket) => void) | null {
    const token = /^\/api\/websock\/([0-9a-f]+)\/1$/.exec(path)?.[1] ?? '';
    const ticket = this.#tickets.get(token);
    if (ticket === undefined) return null;
    this.#discard(token, ticket);
    const { partition, force, session } = ticket;
    const mayEnter =
      !WITHOUT_CONSOLE.includes(partition.status) && this.parts.seats.isFree(partition, this.parts.hmcName, force);
    return mayEnter ? (socket) => this.#connect(partition, session, socket) : null;
  }

  /** Open consoles. */
  get count(): number {
    return this.#open.size;
  }

  /** What the session has asked for and has open is gone with it. */
  sessionEnded(session: Session): void {
    for (const [token, ticket] of this.#tickets) {
      if (ticket.session === session) this.#discard(token, ticket);
    }
    for (const [seat, owner] of this.#open) {
      if (owner === session) seat.leave('The session has ended');
    }
  }

  #discard(token: string, { expire }: Ticket): void {
    expire();
    this.#tickets.delete(token);
  }

  #connect(partition: Partition, session: Session, socket: WebSocket): void {
    const { guests, guestSettings, seats, hmcName } = this.parts;
    const seat: Seat = { hmc: hmcName, leave: (reason) => socket.close(GOING_AWAY, reason) };
    const terminal = new Terminal(
      {
        system: () => guests.system(partition),
        run: (command) => guests.run(partition, command),
        isAccount: (user, password) => {
          const account = guestSettings.of(partition);
          return account.user === user && account.password === password;
        },
      },
      (text) => {
        socket.send(text);
        if (socket.bufferedAmount > MOST_UNREAD_BYTES) socket.terminate();
      },
    );
    seats.take(partition, seat);
    this.#open.set(seat, session);
    const unwatch = guests.watch(partition, (lines) => terminal.booted(lines));
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => terminal.type(textOf(data)));
    socket.on('close', () => {
      unwatch();
      seats.free(partition, seat);
      this.#open.delete(seat);
    });
    terminal.open();
  }

  #taken({ name }: Partition): HmcError {
    return new HmcError(409, this.parts.takenReason, `The ASCII console of the partition '${name}' is in use`);
  }
}

function textOf(data: WebSocket.RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data as Buffer).toString('utf8');
}
