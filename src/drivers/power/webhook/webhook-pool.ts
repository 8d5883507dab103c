import type { Clock } from '../../../common/clock.js';
import { ComputeError } from '../../../common/errors/index.js';
import { HttpClient } from '../../../connectors/http/index.js';

/** Answers of webhooks are a line or two. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** A client without users for so long goes, once there are many. */
const IDLE_MS = 60_000;
const MANY = 100;

interface Pooled {
  readonly client: HttpClient;
  users: number;
  idleSince: number;
}

/** The clients of all webhooks, one an origin, so that the machines of a server share its connections. */
export class WebhookPool {
  readonly #clients = new Map<string, Pooled>();
  #isClosed = false;

  constructor(private readonly clock: Clock) {}

  /** Does something with the client of an origin. @throws ComputeError SHUTTING_DOWN after {@link close} */
  async use<T>(
    { protocol, hostname, port }: URL,
    verify: boolean,
    work: (client: HttpClient) => Promise<T>,
  ): Promise<T> {
    if (this.#isClosed) throw new ComputeError('SHUTTING_DOWN', 'no more is asked of webhooks: the service stops');
    const isPlain = protocol === 'http:';
    const key = `${protocol}//${hostname}:${port} ${verify}`;
    let pooled = this.#clients.get(key);
    if (pooled === undefined) {
      this.#forgetIdle();
      const client = new HttpClient({
        host: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? (isPlain ? 80 : 443) : Number(port),
        trust: isPlain ? null : { kind: verify ? 'system' : 'unverified' },
        maxAnswerBytes: MAX_ANSWER_BYTES,
      });
      pooled = { client, users: 0, idleSince: 0 };
      this.#clients.set(key, pooled);
    }
    pooled.users += 1;
    try {
      return await work(pooled.client);
    } finally {
      pooled.users -= 1;
      pooled.idleSince = this.clock.now();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const { client } of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** Requests may bring any address, so what is kept for them is bounded. */
  #forgetIdle(): void {
    if (this.#clients.size < MANY) return;
    const before = this.clock.now() - IDLE_MS;
    for (const [key, { client, users, idleSince }] of this.#clients) {
      if (users > 0 || idleSince > before) continue;
      client.close();
      this.#clients.delete(key);
    }
  }
}
