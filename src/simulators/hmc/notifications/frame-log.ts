import type { NotificationType } from './notification-types.js';

/** One STOMP frame as the simulator received or sent it. Bodies, passcodes and passwords are never recorded. */
export interface FrameEntry {
  readonly sequence: number;
  /** ISO 8601, simulator time. */
  readonly at: string;
  readonly direction: 'received' | 'sent';
  /** Number of the connection, from 1. */
  readonly connection: number;
  readonly command: string;
  readonly user: string | null;
  readonly destination: string | null;
  readonly notification: NotificationType | null;
  /** Name of the object that a notification is about. */
  readonly subject: string | null;
  /** Its `session-sequence-nr`. */
  readonly number: number | null;
  /** Faults applied to it; a lost one is recorded as if it had been sent. */
  readonly faults: readonly string[];
}

export interface FrameQuery {
  direction?: FrameEntry['direction'];
  command?: string;
  notification?: string;
  subject?: string;
  /** Only entries after this sequence number. */
  since?: number;
}

type Frame = Pick<FrameEntry, 'at' | 'direction' | 'connection' | 'command' | 'user'> &
  Partial<Omit<FrameEntry, 'sequence'>>;

const LONGEST_TEXT = 300;

/** Frames in the order they came and went. The oldest are forgotten beyond `limit`. */
export class FrameLog {
  #entries: FrameEntry[] = [];
  #next = 1;

  constructor(private readonly limit = 50_000) {}

  add(frame: Frame): void {
    this.#entries.push({
      notification: null,
      subject: null,
      number: null,
      faults: [],
      ...frame,
      command: frame.command.slice(0, LONGEST_TEXT),
      destination: frame.destination?.slice(0, LONGEST_TEXT) ?? null,
      sequence: this.#next++,
    });
    if (this.#entries.length > this.limit * 1.1) this.#entries = this.#entries.slice(-this.limit);
  }

  entries({ direction, command, notification, subject, since }: FrameQuery = {}): readonly FrameEntry[] {
    return this.#entries.filter(
      (entry) =>
        (direction === undefined || entry.direction === direction) &&
        (command === undefined || entry.command === command) &&
        (notification === undefined || entry.notification === notification) &&
        (subject === undefined || entry.subject === subject) &&
        (since === undefined || entry.sequence > since),
    );
  }

  count(query: FrameQuery = {}): number {
    return this.entries(query).length;
  }

  /** The sequence number of the newest entry. */
  get last(): number {
    return this.#next - 1;
  }

  clear(): void {
    this.#entries = [];
  }
}
