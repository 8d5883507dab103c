import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { HmcSimulator } from '../../../src/simulators/hmc/index.js';

/** An answer as it came, and as JSON when it is that. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** undefined when the body is empty; throws nothing: text that is not JSON gives undefined too. */
  readonly json: Record<string, unknown> | undefined;
}

export interface WireRequest {
  session?: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  raw?: string | Buffer;
  signal?: AbortSignal;
}

/** What the answer to a logon says. */
export interface OpenedSession {
  readonly session: string;
  /** The password of the session at the STOMP server. */
  readonly credential: string;
  readonly objectTopic: string;
  readonly jobTopic: string;
}

/** A plain HTTPS client that knows nothing of the HMC beyond its session header, and trusts one certificate. */
export class WireClient {
  readonly agent: Agent;

  constructor(private readonly simulator: HmcSimulator) {
    this.agent = new Agent({ keepAlive: true, ca: simulator.certificatePem });
  }

  send(method: string, path: string, options: WireRequest = {}): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      const body = options.json === undefined ? options.raw : JSON.stringify(options.json);
      const sent = request(
        `${this.simulator.url}${path}`,
        {
          method,
          agent: this.agent,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
          headers: {
            ...(options.session === undefined ? {} : { 'X-API-Session': options.session }),
            ...(body === undefined
              ? {}
              : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Logs on and returns the session id. */
  async logOn(userid?: string, password?: string): Promise<string> {
    return (await this.openSession(userid, password)).session;
  }

  /** Logs on and returns what one needs to listen, too. */
  async openSession(userid = 'zenova', password = 'secret-of-zenova'): Promise<OpenedSession> {
    const { status, json } = await this.send('POST', '/api/sessions', { json: { userid, password } });
    if (status !== 200) throw new Error(`logon answered ${status}`);
    return {
      session: String(json?.['api-session']),
      credential: String(json?.['session-credential']),
      objectTopic: String(json?.['notification-topic']),
      jobTopic: String(json?.['job-notification-topic']),
    };
  }

  /** Closes the pooled connections; the next request opens a new one. */
  close(): void {
    this.agent.destroy();
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Calls until the answer satisfies; gives up, with the last answer, after half a minute. */
export async function until<T>(ask: () => Promise<T> | T, isEnough: (answer: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    if (Date.now() > giveUpAt) throw new Error(`condition not met; last seen: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
