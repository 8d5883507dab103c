import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kit/clock.js';
import type { Session } from '../sessions.js';
import type { NotificationType } from './notification-types.js';

export type TopicType =
  | 'object-notification'
  | 'job-notification'
  | 'os-message-notification'
  | 'audit-notification'
  | 'security-notification';

/** Where notifications for one session are published; it lives as long as the session. */
export interface Topic {
  readonly name: string;
  readonly type: TopicType;
  readonly session: Session;
  /** Of an OS message channel: whose messages, and whether those from before are sent again. */
  readonly channel?: { readonly uri: string; readonly includesRefresh: boolean };
}

/** What is said, before it is numbered. */
export interface Notification {
  readonly type: NotificationType;
  /** Beside `notification-type`: `object-uri`, `class`, `name` and so on. */
  readonly headers: Readonly<Record<string, string>>;
  /** undefined: the notification has no body. */
  readonly body?: unknown;
  /** The partition and CPC it is about, for the fault rules. */
  readonly partition: string | null;
  readonly cpc: string | null;
}

/** A notification on its way to whoever has subscribed. */
export interface Message extends Notification {
  readonly topic: Topic;
  readonly sessionSequence: number;
  readonly globalSequence: number;
  readonly timestampMs: number;
}

export interface TopicsListener {
  published?(message: Message): void;
  /** The session is over, and every topic of it. */
  ended?(session: Session, topics: readonly Topic[]): void;
  /** Somebody listens to the topic from now on. */
  subscribed?(topic: Topic): void;
}

/** The topics of all sessions. A message is numbered when it is published, whether or not anybody hears it. */
export class Topics {
  readonly #bySession = new Map<Session, { topics: Topic[]; next: number }>();
  readonly #listeners = new Set<TopicsListener>();
  #nextGlobal = 0;

  constructor(private readonly clock: Clock) {}

  /** The function that comes back ends it. */
  listen(listener: TopicsListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The topics that come with a logon. */
  openFor(session: Session): void {
    const standing = [
      { name: session.topic, type: 'object-notification' },
      { name: session.jobTopic, type: 'job-notification' },
      { name: topicName(session, 'aud'), type: 'audit-notification' },
      { name: topicName(session, 'sec'), type: 'security-notification' },
    ] as const;
    this.#bySession.set(session, { topics: standing.map((topic) => ({ ...topic, session })), next: 0 });
  }

  /** A topic for the OS messages of one partition; null when the session has one already. */
  openChannel(session: Session, uri: string, includesRefresh: boolean): Topic | null {
    if (this.of(session).some((topic) => topic.channel?.uri === uri)) return null;
    const name = topicName(session, 'osm');
    const topic: Topic = { name, type: 'os-message-notification', session, channel: { uri, includesRefresh } };
    this.#bySession.get(session)?.topics.push(topic);
    return topic;
  }

  end(session: Session): void {
    const topics = this.of(session);
    if (!this.#bySession.delete(session)) return;
    for (const listener of this.#listeners) listener.ended?.(session, topics);
  }

  find(name: string): Topic | undefined {
    for (const { topics } of this.#bySession.values()) {
      const found = topics.find((topic) => topic.name === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  of(session: Session): readonly Topic[] {
    return this.#bySession.get(session)?.topics ?? [];
  }

  all(): readonly Topic[] {
    return [...this.#bySession.values()].flatMap(({ topics }) => topics);
  }

  subscribed(topic: Topic): void {
    for (const listener of this.#listeners) listener.subscribed?.(topic);
  }

  publish(topic: Topic, notification: Notification): void {
    const owner = this.#bySession.get(topic.session);
    if (owner === undefined) return;
    const message: Message = {
      ...notification,
      topic,
      sessionSequence: owner.next++,
      globalSequence: this.#nextGlobal++,
      timestampMs: this.clock.now(),
    };
    for (const listener of this.#listeners) listener.published?.(message);
  }
}

/** Names in the style of those that come with a logon; nobody can guess one. */
function topicName(session: Session, kind: string): string {
  return `${session.user.name}.1${kind}-${randomBytes(4).toString('hex')}`;
}
