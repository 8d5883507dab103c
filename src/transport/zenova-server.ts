import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { JsonValue } from '../common/errors/index.js';
import type { RequestMeta } from '../compute/contract/index.js';
import type { Handler } from './intake.js';
import { ZenovaContext } from './zenova.context.js';

/** The wires behind the server, as far as Nest starts and stops them. */
export interface ServerLine {
  /** Begins to connect and consume; returns at once, the broker may come later. */
  open(handlerOf: (method: string) => Handler | undefined): void;
  /** Stops consuming, finishes what runs, closes. */
  close(): Promise<void>;
}

/**
 * The transport as Nest sees it. Handlers run through Nest's pipeline (guards, pipes, interceptors, filters); topology,
 * acknowledgements, replies and draining are ours, since Nest's own RabbitMQ server has none of them (amqp.md section 2).
 */
export class ZenovaServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('zenova');

  constructor(private readonly line: ServerLine) {
    super();
  }

  listen(callback: () => void): void {
    this.line.open((method) => this.#handlerOf(method));
    callback();
  }

  close(): Promise<void> {
    return this.line.close();
  }

  on(): never {
    throw new Error('ZenovaServer has no events; watch the transport health');
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.line as T;
  }

  #handlerOf(method: string): Handler | undefined {
    // Not getHandlerByPattern: it parses every pattern as JSON, and exceptions are slow.
    const handler = this.messageHandlers.get(method);
    return handler === undefined ? undefined : (params, meta) => this.#run(handler, params, method, meta);
  }

  #run(handler: MessageHandler, params: unknown, method: string, meta: RequestMeta): Promise<JsonValue> {
    const context = new ZenovaContext([method, meta]);
    return new Promise((resolve, reject) => {
      this.runWithProcessingHooks(context, (end) =>
        answerOf(handler, params, context).then(resolve, reject).finally(end),
      );
    });
  }
}

/** Plain values stay plain: only interceptors and failures come as observables. */
async function answerOf(handler: MessageHandler, params: unknown, context: ZenovaContext): Promise<JsonValue> {
  const answer: unknown = await handler(params, context);
  return (isObservable(answer) ? await lastValueFrom(answer) : answer) as JsonValue;
}
