import { once } from 'node:events';
import { finished, type Duplex } from 'node:stream';
import { WebSocket, type RawData } from 'ws';
import { messageOf } from '../common/errors/index.js';
import type { OpenConsole } from '../compute/contract/index.js';

/** So much may wait for a client that reads slowly, before the guest is read no further. */
const MOST_UNSENT = 256 * 1024;
/** A client that is gone without a word is missed after two of these. */
const PING_EVERY_MS = 30_000;
/** How long either side may take to say good-bye. */
const CLOSE_PATIENCE_MS = 2000;
/** As long as a websocket lets a reason be, in bytes. */
const LONGEST_REASON = 123;

/** Why a websocket ends (RFC 6455, section 7.4.1). */
const CloseCode = { done: 1000, goingAway: 1001, failed: 1011 } as const;

/** One client at one console: bytes both ways, at the pace of the slower one, until one of them ends. */
export class ConsoleSession {
  readonly #client: WebSocket;
  readonly #gone = new AbortController();
  #hasAnswered = true;
  #isHeld = false;

  constructor(client: WebSocket) {
    this.#client = client;
    client.on('error', () => undefined);
    client.on('pong', () => (this.#hasAnswered = true));
    client.once('close', () => this.#gone.abort());
  }

  /** Opens the console, and joins both. @returns why it is over, for people */
  async run(open: OpenConsole): Promise<string> {
    const pinging = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#hold(true);
    try {
      const stream = await open(this.#gone.signal);
      return await this.#join(stream);
    } catch (error) {
      await this.#close(CloseCode.failed, messageOf(error));
      return messageOf(error);
    } finally {
      clearInterval(pinging);
    }
  }

  /** Ends it from our side. */
  async end(reason: string): Promise<void> {
    await this.#close(CloseCode.goingAway, reason);
  }

  async #join(stream: Duplex): Promise<string> {
    const client = this.#client;
    const onData = (bytes: Buffer): void => {
      client.send(bytes, { binary: true }, () => {
        if (client.bufferedAmount <= MOST_UNSENT) stream.resume();
      });
      if (client.bufferedAmount > MOST_UNSENT) stream.pause();
    };
    stream.on('data', onData);
    stream.on('drain', () => this.#hold(false));
    client.on('message', (data) => {
      if (stream.writable && !stream.write(bytesOf(data))) this.#hold(true);
    });
    const over = new Promise<Error | undefined>((resolve) => {
      finished(stream, (error) => resolve(error ?? undefined));
      // What the client has typed is still told to the guest; what that answers is for nobody.
      this.#gone.signal.addEventListener('abort', () => void leave(stream, onData).then(() => resolve(undefined)));
    });
    this.#hold(false);
    if (this.#gone.signal.aborted) await leave(stream, onData);
    const error = await over;
    if (this.#gone.signal.aborted) return 'the client has left';
    if (error === undefined) await this.#close(CloseCode.done, 'the console has ended');
    else await this.#close(CloseCode.failed, messageOf(error));
    return error === undefined ? 'the console has ended' : messageOf(error);
  }

  async #close(code: number, reason: string): Promise<void> {
    const client = this.#client;
    if (client.readyState === WebSocket.CLOSED) return;
    const cut = setTimeout(() => client.terminate(), CLOSE_PATIENCE_MS);
    const closed = once(client, 'close');
    // Its good-bye has to be read.
    this.#hold(false);
    client.close(code, bounded(reason));
    await closed;
    clearTimeout(cut);
  }

  /** A guest that takes nothing holds its client up. */
  #hold(isHeld: boolean): void {
    if (this.#isHeld && !isHeld) this.#hasAnswered = true;
    this.#isHeld = isHeld;
    if (isHeld) this.#client.pause();
    else this.#client.resume();
  }

  #ping(): void {
    // One that is held up is not heard; whether it is there, what is sent to it finds out.
    if (!this.#hasAnswered && !this.#isHeld) return this.#client.terminate();
    this.#hasAnswered = false;
    this.#client.ping();
  }
}

/** Ends a stream whose client is gone, which may take what it still has to be told. */
async function leave(stream: Duplex, onData: (bytes: Buffer) => void): Promise<void> {
  if (stream.destroyed) return;
  stream.off('data', onData).resume();
  const cut = setTimeout(() => stream.destroy(), CLOSE_PATIENCE_MS);
  const closed = once(stream, 'close').catch(() => undefined);
  stream.end();
  await closed;
  clearTimeout(cut);
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function bounded(reason: string): Buffer {
  const bytes = Buffer.from(reason);
  if (bytes.length <= LONGEST_REASON) return bytes;
  // Not in the middle of a letter.
  return Buffer.from(
    bytes
      .subarray(0, LONGEST_REASON)
      .toString()
      .replace(/\ufffd+$/, ''),
  );
}
