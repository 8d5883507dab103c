import { EventEmitter, once } from 'node:events';
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import { connect, credentials, type ChannelModel } from 'amqplib';
import { amqpLoginOf } from '../../common/amqp-address.js';
import { Backoff } from '../../common/backoff.js';
import { messageOf } from '../../common/errors/index.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { replyCodeOf } from './reply-code.js';
import { batchWrites, streamOf } from './socket.js';
import { within } from './within.js';

/** What an `amqps:` connection is checked and identified with; handed to Node's TLS as it is (PEM contents, not paths). */
export type AmqpTlsOptions = Pick<
  TlsConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized'
>;

export interface AmqpConnectionOptions {
  /** Shown in the broker's list of connections. */
  readonly name: string;
  /** `amqp://` or `amqps://`, tried in turn; never empty. `?auth_mechanism=external` logs on by client certificate. */
  readonly urls: readonly string[];
  readonly tls?: AmqpTlsOptions | undefined;
  /** A silent peer is given up after two of these. */
  readonly heartbeatSeconds: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface ConnectionEvents {
  /** A connection stands. */
  open: [ChannelModel];
  /** It is gone, and the next one is being tried. */
  lost: [Error];
  /** An attempt failed. */
  failed: [Error];
  /** The broker takes no messages from us (memory or disk alarm). */
  blocked: [string];
  unblocked: [];
}

const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * A connection that is there again whenever it can be: every loss and every failed attempt is followed by another, for
 * ever, with capped backoff and over all brokers in turn.
 *
 * amqplib's own `recovery` option is not used: it knows one URL, and it notices lost connections only, while channels
 * and consumers are lost as well and need the same care (amqp.md section 2, items 4 and 5).
 */
export class AmqpConnection extends EventEmitter<ConnectionEvents> {
  readonly #stop = new AbortController();
  readonly #backoff: Backoff;
  #model: ChannelModel | undefined;
  #attempts = 0;
  #lastFailure: string | undefined;
  #closeCode: number | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: AmqpConnectionOptions) {
    super({ captureRejections: false });
    this.setMaxListeners(0);
    this.#backoff = new Backoff(options.clock, { initialMs: 100, maxMs: 1_000 });
  }

  get name(): string {
    return this.options.name;
  }

  get isOpen(): boolean {
    return this.#model !== undefined;
  }

  /** The AMQP reply code with which the broker closed the last connection for a fault of ours; known before its channels close. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * The connection, as soon as one stands.
   *
   * @throws the signal's reason
   */
  async opened(signal: AbortSignal): Promise<ChannelModel> {
    signal.throwIfAborted();
    if (this.#model !== undefined) return this.#model;
    const [model] = (await once(this, 'open', { signal })) as [ChannelModel];
    return model;
  }

  /** Closes in good order. Channels with acknowledgements under way must be closed before. */
  async close(): Promise<void> {
    this.#stop.abort();
    const model = this.#model;
    if (model !== undefined) {
      // Lost in the same moment is closed too.
      await within(CLOSE_TIMEOUT_MS, 'close a connection', () => model.close()).catch(() => streamOf(model)?.destroy());
    }
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const url = this.options.urls[this.#attempts++ % this.options.urls.length] ?? '';
      try {
        await this.#session(url);
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(messageOf(error));
        // Said once for each reason: a broker that is away for a night must not fill the log.
        const level = failure.message === this.#lastFailure ? 'debug' : 'warn';
        this.#lastFailure = failure.message;
        this.options.log[level]('cannot connect to the broker', { broker: describeUrl(url), reason: failure.message });
        this.emit('failed', failure);
      }
      if (!signal.aborted) await this.#backoff.pause(signal);
    }
  }

  /** One connection from its beginning to its end. */
  async #session(url: string): Promise<void> {
    const { log, name, tls, heartbeatSeconds } = this.options;
    const broker = describeUrl(url);
    const model = await connect(withHeartbeat(url, heartbeatSeconds), {
      ...tls,
      ...(amqpLoginOf(url) === 'external' ? { credentials: credentials.external() } : {}),
      noDelay: true, // acknowledgement after reply is write-write-read: 44 ms each without it (amqp.md section 1)
      keepAlive: true,
      keepAliveDelay: KEEP_ALIVE_DELAY_MS,
      timeout: CONNECT_TIMEOUT_MS,
      clientProperties: { connection_name: name },
    });
    const stream = streamOf(model);
    if (stream !== undefined) batchWrites(stream);
    const ended = new Promise<void>((resolve) => {
      model.once('close', (error?: Error) => {
        // At once: whoever has opened a channel in the same moment looks whether the connection stands.
        if (this.#model === model) this.#lose(broker, error ?? new Error('closed by us'));
        resolve();
      });
    });
    model.on('error', (error) => {
      this.#closeCode = replyCodeOf(error);
      log.warn('broker connection failed', { broker, connection: name, err: error });
    });
    model.on('blocked', (reason) => {
      log.warn('the broker takes no messages from us', { broker, connection: name, reason });
      this.emit('blocked', reason);
    });
    model.on('unblocked', () => {
      log.info('the broker takes messages again', { broker, connection: name });
      this.emit('unblocked');
    });
    if (this.#stop.signal.aborted) {
      await model.close();
      return;
    }
    this.#model = model;
    this.#closeCode = undefined;
    this.#backoff.reset();
    this.#lastFailure = undefined;
    log.info('connected to the broker', { broker, connection: name });
    this.emit('open', model);

    await ended;
  }

  #lose(broker: string, reason: Error): void {
    const { log, name } = this.options;
    this.#model = undefined;
    if (!this.#stop.signal.aborted) {
      log.warn('lost the broker', { broker, connection: name, reason: reason.message });
    }
    this.emit('lost', reason);
  }
}

/** Host, port and virtual host of a broker's URL, without the password. */
export function describeUrl(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function withHeartbeat(url: string, heartbeatSeconds: number): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds));
  return parsed.href;
}
