import type { Clock } from '../../kit/clock.js';
import type { LogicalPartition, Partition } from '../model.js';

/** What an operating system runs in. */
export type GuestHost = Partition | LogicalPartition;

/** One message of an operating system to its operator (hmc-dpm.md sections 14 and 15). */
export interface OsMessage {
  readonly sequence: number;
  readonly text: string;
  readonly osName: string;
  readonly atMs: number;
  readonly isHeld: boolean;
  readonly isPriority: boolean;
  readonly soundsAlarm: boolean;
  readonly promptText: string | null;
}

export type OsMessageOptions = Partial<Pick<OsMessage, 'isHeld' | 'isPriority' | 'soundsAlarm' | 'promptText'>>;

type Listener = (host: GuestHost, messages: readonly OsMessage[]) => void;

const LONGEST_TEXT = 4000;

/** The messages that the machines keep of each operating system: the newest `limit`. */
export class OsMessages {
  readonly #kept = new Map<GuestHost, { messages: OsMessage[]; next: number }>();
  readonly #listeners = new Set<Listener>();

  constructor(
    private readonly clock: Clock,
    private readonly limit: number,
  ) {}

  /** Returns what ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  write(host: GuestHost, texts: readonly string[], options: OsMessageOptions = {}): void {
    if (texts.length === 0) return;
    const kept = this.#kept.get(host) ?? { messages: [], next: 1 };
    const written = texts.map((text): OsMessage => ({
      isHeld: false,
      isPriority: false,
      soundsAlarm: false,
      promptText: null,
      ...options,
      sequence: kept.next++,
      text: text.slice(0, LONGEST_TEXT),
      osName: host.name,
      atMs: this.clock.now(),
    }));
    kept.messages = [...kept.messages, ...written].slice(-this.limit);
    this.#kept.set(host, kept);
    for (const listener of this.#listeners) listener(host, written);
  }

  list(host: GuestHost, first = 0, last = Infinity): readonly OsMessage[] {
    const kept = this.#kept.get(host)?.messages ?? [];
    return kept.filter(({ sequence }) => sequence >= first && sequence <= last);
  }
}

/** As the HMC returns it. */
export function osMessageFields(message: OsMessage): Record<string, unknown> {
  return {
    'message-id': message.sequence,
    'message-text': message.text,
    'os-name': message.osName,
    'is-held': message.isHeld,
    'is-priority': message.isPriority,
    'prompt-text': message.promptText,
    'sequence-number': message.sequence,
    'sound-alarm': message.soundsAlarm,
    timestamp: message.atMs,
  };
}

export const isPartition = (host: GuestHost): host is Partition => host.class === 'partition';
