import type { TLSSocket } from 'node:tls';
import type { Cancel, Clock } from '../../kit/clock.js';
import type { UserEntry } from '../inventory.schema.js';
import type { Session, Sessions } from '../sessions.js';
import type { FrameLog } from './frame-log.js';
import { agreeHeartBeat, type HeartBeat } from './heart-beat.js';
import {
  serializeFrame,
  STOMP_VERSIONS,
  StompFrameReader,
  StompSyntaxError,
  type StompFrame,
  type StompVersion,
} from './stomp-frame.js';
import type { Message, Topic, Topics } from './topics.js';

const CONNECT_WITHIN_MS = 30_000;
const MOST_SUBSCRIPTIONS = 100;
/** A client that reads nothing is cut off when this much waits for it. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;
const CLOSE_WITHIN_MS = 5000;
/** A side that is silent for this many of its intervals is gone. */
const HEART_BEATS_MISSED = 2;
const TOPIC_PREFIX = '/topic/';
/** Of the frames that a client may send, those that only a queue needs: nothing comes of them, ack is always auto. */
const WITHOUT_EFFECT = ['ACK', 'NACK'];

export interface StompParts {
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly topics: Topics;
  readonly log: FrameLog;
  readonly hmcName: string;
  /** Shortest interval of heart-beats that is agreed to; 0 for none. */
  readonly leastHeartBeatMs: number;
  /** Whether a fault rule refuses this connection. */
  isRefused(): boolean;
}

/** Who has connected: with a session, or with user and password. */
interface Principal {
  readonly user: UserEntry;
  readonly session: Session | null;
}

/** A frame that the client should not have sent; answered by ERROR, which ends the connection. */
class StompRefusal extends Error {}

/** One client of the STOMP server, from CONNECT to its end. */
export class StompConnection {
  readonly #reader = new StompFrameReader();
  /** Destinations by subscription id. */
  readonly #subscriptions = new Map<string, string>();
  readonly #timers = new Set<Cancel>();
  readonly #waiting: { text: string; dueMs: number }[] = [];
  #version: StompVersion = '1.0';
  #principal: Principal | null = null;
  #isOver = false;
  #lastSentMs: number;
  #lastReceivedMs: number;

  constructor(
    private readonly socket: TLSSocket,
    private readonly number: number,
    private readonly parts: StompParts,
  ) {
    this.#lastSentMs = parts.clock.now();
    this.#lastReceivedMs = parts.clock.now();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end());
    this.#later(CONNECT_WITHIN_MS, () => {
      if (this.#principal === null) this.drop();
    });
  }

  get user(): string | null {
    return this.#principal?.user.name ?? null;
  }

  /** Ids of the subscriptions to this topic. */
  subscriptionsTo(topic: Topic): readonly string[] {
    const destination = TOPIC_PREFIX + topic.name;
    return [...this.#subscriptions].filter(([, subscribed]) => subscribed === destination).map(([id]) => id);
  }

  /** Sends a message, after a while when `delayMs` says so; those behind it wait, since the order is kept. */
  deliver(
    message: Message,
    subscription: string,
    { delayMs = 0, faults = [] }: { delayMs?: number; faults?: string[] } = {},
  ) {
    this.record(message, faults);
    const frame = messageFrame(message, subscription, this.parts.hmcName);
    const dueMs = this.parts.clock.now() + delayMs;
    this.#waiting.push({ text: serializeFrame(frame, this.#version), dueMs });
    this.#flush();
  }

  /** In the log of frames only, as for one that got lost. */
  record(message: Message, faults: readonly string[]): void {
    this.#log('sent', 'MESSAGE', {
      destination: TOPIC_PREFIX + message.topic.name,
      notification: message.type,
      subject: message.headers['name'] ?? null,
      number: message.sessionSequence,
      faults,
    });
  }

  /** The session's topics are gone: so is a connection that came with the session, or listens to one of them. */
  sessionEnded(session: Session, topics: readonly Topic[]): void {
    const listens = topics.some((topic) => this.subscriptionsTo(topic).length > 0);
    if (this.#principal?.session === session || listens) this.#fail('The session has ended');
  }

  /** Cuts the connection without a word. */
  drop(): void {
    this.socket.destroy();
    this.#end();
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#lastReceivedMs = this.parts.clock.now();
    try {
      for (const frame of this.#reader.read(chunk, this.#version)) {
        if (!this.#isOver) this.#handle(frame);
      }
    } catch (error) {
      if (!(error instanceof StompSyntaxError || error instanceof StompRefusal)) throw error;
      this.#fail(error.message);
    }
  }

  #handle(frame: StompFrame): void {
    const { command, headers } = frame;
    this.#log('received', command, { destination: headers['destination'] ?? null });
    if (command === 'CONNECT' || command === 'STOMP') {
      this.#connect(headers);
      return;
    }
    if (this.#principal === null) throw new StompRefusal('The first frame must be CONNECT');
    if (command === 'SUBSCRIBE') this.#subscribe(headers, this.#principal);
    else if (command === 'UNSUBSCRIBE') this.#unsubscribe(headers);
    else if (command !== 'DISCONNECT' && !WITHOUT_EFFECT.includes(command)) {
      throw new StompRefusal(`${command} is not allowed`);
    }
    const receipt = headers['receipt'];
    if (receipt !== undefined) this.#send({ command: 'RECEIPT', headers: { 'receipt-id': receipt }, body: '' });
    if (command === 'DISCONNECT') this.#hangUp();
  }

  #connect(headers: StompFrame['headers']): void {
    if (this.#principal !== null) throw new StompRefusal('CONNECT was sent already');
    if (this.parts.isRefused()) {
      this.drop();
      return;
    }
    const offered = headers['accept-version']?.split(',').map((version) => version.trim()) ?? ['1.0'];
    const version = STOMP_VERSIONS.findLast((known) => offered.includes(known));
    if (version === undefined) throw new StompRefusal(`Supported protocol versions are ${STOMP_VERSIONS.join(', ')}`);
    const heartBeat = agreeHeartBeat(
      version === '1.0' ? undefined : headers['heart-beat'],
      this.parts.leastHeartBeatMs,
    );
    if (heartBeat === null) throw new StompRefusal('The heart-beat header is not two numbers');
    this.#principal = this.#authenticate(headers['login'] ?? '', headers['passcode'] ?? '');
    this.#version = version;
    const { leastHeartBeatMs: least, hmcName } = this.parts;
    this.#send({
      command: 'CONNECTED',
      headers: { version, 'heart-beat': `${least},${least}`, server: hmcName, session: `${hmcName}-${this.number}` },
      body: '',
    });
    this.#beat(heartBeat);
  }

  #authenticate(login: string, passcode: string): Principal {
    const { sessions } = this.parts;
    const session = sessions.withCredential(login, passcode);
    if (session !== undefined) return { user: session.user, session };
    try {
      return { user: sessions.authenticate(login, passcode), session: null };
    } catch {
      throw new StompRefusal('User name or password is invalid');
    }
  }

  #subscribe(headers: StompFrame['headers'], { user, session }: Principal): void {
    const { destination, id = this.#version === '1.0' ? destination : undefined } = headers;
    if (destination === undefined || id === undefined)
      throw new StompRefusal('SUBSCRIBE needs an id and a destination');
    if ((headers['ack'] ?? 'auto') !== 'auto') throw new StompRefusal('Topics are read with ack auto');
    if (this.#subscriptions.has(id)) throw new StompRefusal('There is a subscription of this id already');
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) throw new StompRefusal('There are too many subscriptions');
    const topic = destination.startsWith(TOPIC_PREFIX)
      ? this.parts.topics.find(destination.slice(TOPIC_PREFIX.length))
      : undefined;
    const isTheirs = session === null ? topic?.session.user === user : topic?.session === session;
    // Whether a topic of somebody else exists is nobody's business.
    if (topic === undefined || !isTheirs) throw new StompRefusal('The user is not authorized to read from this topic');
    this.#subscriptions.set(id, destination);
    this.parts.topics.subscribed(topic);
  }

  #unsubscribe({ id, destination }: StompFrame['headers']): void {
    const key = id ?? (this.#version === '1.0' ? destination : undefined);
    if (key === undefined || !this.#subscriptions.delete(key)) throw new StompRefusal('There is no such subscription');
  }

  #beat({ sendMs, receiveMs }: HeartBeat): void {
    const { clock } = this.parts;
    const every = (intervalMs: number, act: () => void): void => {
      if (intervalMs === 0) return;
      const again = (): void => {
        act();
        if (!this.#isOver) this.#later(intervalMs, again);
      };
      this.#later(intervalMs, again);
    };
    every(sendMs, () => {
      if (clock.now() - this.#lastSentMs >= sendMs) this.#write('\n');
    });
    every(receiveMs, () => {
      if (clock.now() - this.#lastReceivedMs > receiveMs * HEART_BEATS_MISSED) this.drop();
    });
  }

  #send(frame: StompFrame): void {
    this.#log('sent', frame.command);
    this.#write(serializeFrame(frame, this.#version));
  }

  #flush(): void {
    const now = this.parts.clock.now();
    while (!this.#isOver) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      if (next.dueMs > now) {
        this.#later(next.dueMs - now, () => this.#flush());
        return;
      }
      this.#waiting.shift();
      this.#write(next.text);
    }
  }

  #write(text: string): void {
    if (this.#isOver) return;
    this.#lastSentMs = this.parts.clock.now();
    this.socket.write(text);
    if (this.socket.writableLength > MOST_UNREAD_BYTES) this.drop();
  }

  #fail(message: string): void {
    if (this.#isOver) return;
    const headers = { message, 'content-type': 'text/plain', version: STOMP_VERSIONS.join(',') };
    this.#send({ command: 'ERROR', headers, body: message });
    this.#hangUp();
  }

  /** After what has been written is out. */
  #hangUp(): void {
    this.#end();
    this.socket.end();
    this.socket.setTimeout(CLOSE_WITHIN_MS, () => this.socket.destroy());
  }

  #later(delayMs: number, act: () => void): void {
    const cancel = this.parts.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      act();
    });
    this.#timers.add(cancel);
  }

  #end(): void {
    this.#isOver = true;
    this.#subscriptions.clear();
    this.#waiting.length = 0;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #log(direction: 'received' | 'sent', command: string, facts: Parameters<FrameLog['add']>[0] | object = {}): void {
    const at = new Date(this.parts.clock.now()).toISOString();
    this.parts.log.add({ at, direction, connection: this.number, command, user: this.user, ...facts });
  }
}

/** Headers as hmc-dpm.md section 14 has them. */
function messageFrame(message: Message, subscription: string, hmcName: string): StompFrame {
  return {
    command: 'MESSAGE',
    headers: {
      destination: TOPIC_PREFIX + message.topic.name,
      subscription,
      'message-id': `ID:${hmcName}-${message.globalSequence}`,
      timestamp: String(message.timestampMs),
      expires: '0',
      priority: '4',
      'notification-type': message.type,
      'session-sequence-nr': String(message.sessionSequence),
      'global-sequence-nr': String(message.globalSequence),
      ...message.headers,
    },
    body: message.body === undefined ? '' : JSON.stringify(message.body),
  };
}
