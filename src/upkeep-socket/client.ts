import { createWriteStream } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import { ComputeError, WireErrorSchema, errorCodeOf, messageOf } from '../common/errors/index.js';
import { PrunableSchema, PrunedSchema, StatusSchema } from './protocol.js';

/** Nobody listens: there is no service, or one that ended without a chance to tidy up, or the name is too long for a socket. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'EINVAL', 'ENAMETOOLONG']);
const SILENCE_MS = 60_000;

/** Asks the service that has the journal. All methods throw ComputeError as the service's own do. */
export class UpkeepClient {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns undefined when no service is there to answer */
  async status(): Promise<z.infer<typeof StatusSchema> | undefined> {
    try {
      return await this.#json('GET', '/status', StatusSchema);
    } catch (error) {
      if (error instanceof ComputeError && NOBODY.has(errorCodeOf(error.cause) ?? '')) return undefined;
      throw error;
    }
  }

  async countPrunable(olderThanMs: number): Promise<number> {
    return (await this.#json('GET', `/prunable?older_than_ms=${olderThanMs}`, PrunableSchema)).count;
  }

  pruneSome(olderThanMs: number): Promise<z.infer<typeof PrunedSchema>> {
    return this.#json('POST', `/prune?older_than_ms=${olderThanMs}`, PrunedSchema);
  }

  /** Writes a copy to a file that is not there yet; ends early when the signal aborts. */
  async copy(to: string, signal: AbortSignal): Promise<void> {
    // How long the service takes until the first byte depends on the size of the journal alone.
    const response = await this.#ask('GET', '/copy', 0, signal);
    const expected = Number(response.headers['content-length']);
    const file = createWriteStream(to, { flags: 'wx', mode: 0o600 });
    await pipeline(response, file, { signal }).catch((error: unknown) => {
      throw this.#failed(error);
    });
    if (file.bytesWritten !== expected) throw this.#failed(new Error('the copy was cut off'));
  }

  async #json<T>(method: string, route: string, schema: z.ZodType<T>): Promise<T> {
    const response = await this.#ask(method, route, SILENCE_MS);
    try {
      return schema.parse(await json(response));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #ask(method: string, route: string, timeout: number, signal?: AbortSignal): Promise<IncomingMessage> {
    const asked = request({
      socketPath: this.#path,
      method,
      path: route,
      timeout,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    });
    // What goes wrong later is told by the response too.
    asked.on('error', () => undefined);
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.end();
    let response: IncomingMessage;
    try {
      [response] = (await once(asked, 'response')) as [IncomingMessage];
    } catch (error) {
      throw this.#failed(error);
    }
    if (response.statusCode === 200) return response;
    const wire = WireErrorSchema.safeParse(await json(response).catch(() => undefined));
    throw wire.success ? ComputeError.fromWire(wire.data) : this.#failed(new Error(`status ${response.statusCode}`));
  }

  #failed(cause: unknown): ComputeError {
    const text = `the service at ${this.#path} gave no answer: ${errorCodeOf(cause) ?? messageOf(cause)}`;
    return new ComputeError('JOURNAL_UNAVAILABLE', text, { cause });
  }
}
