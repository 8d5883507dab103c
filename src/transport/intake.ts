import { EventEmitter, once } from 'node:events';
import { ComputeError, toComputeError, type JsonValue } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { TraceContext } from '../common/trace-context.js';
import { logFailure, type Outcome, type ReplyAddress, type RequestMeta } from '../compute/contract/index.js';
import type { Delivery } from './amqp/index.js';
import type { DecodedRequest, EnvelopeCodec, Poison } from './codec.port.js';
import type { DeadLetters } from './dead-letters.js';
import type { ReplyOutbox } from './reply.sender.js';
import { readableMethod } from './scrub.js';
import type { TransportCounts } from './transport-counts.js';

export interface IntakeOptions {
  readonly replies: ReplyOutbox;
  readonly deadLetters: DeadLetters;
  readonly counts: TransportCounts;
  readonly log: Log;
}

/** Carries out requests; undefined for a method that nobody handles. */
export type Handler = (params: unknown, meta: RequestMeta) => Promise<JsonValue>;
export type HandlerLookup = (method: string) => Handler | undefined;

interface IntakeEvents {
  idle: [];
}

/**
 * What happens to a delivery, from the envelope to the acknowledgement (DESIGN 5.1, 5.6):
 * - accepted requests are acknowledged when they are accepted, all others after their reply is confirmed;
 * - what cannot be understood gets an error reply, then becomes a dead letter, then is acknowledged.
 */
export class Intake extends EventEmitter<IntakeEvents> {
  #handlerOf: HandlerLookup = () => undefined;
  #runningCount = 0;
  #isDraining = false;

  constructor(private readonly options: IntakeOptions) {
    super();
  }

  /** Requests in hand. */
  get runningCount(): number {
    return this.#runningCount;
  }

  /** Where requests go; before, none may be taken. */
  connect(handlerOf: HandlerLookup): void {
    this.#handlerOf = handlerOf;
    this.#isDraining = false;
  }

  /** @param codec of the envelope that the delivery's queue speaks */
  take(delivery: Delivery, codec: EnvelopeCodec): void {
    if (this.#isDraining) {
      // Another service of the group takes it, or this one when it is back: better than an error.
      delivery.requeue();
      return;
    }
    if (delivery.message.fields.redelivered) this.options.counts.redelivered += 1;
    void this.#finish(delivery, codec);
  }

  /** Takes nothing more; resolves with true when everything in hand is finished, with false after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#isDraining = true;
    if (this.#runningCount === 0) return true;
    try {
      await once(this, 'idle', { signal: AbortSignal.timeout(timeoutMs) });
      return true;
    } catch {
      this.options.log.warn('shutdown did not wait for all requests', { running: this.#runningCount });
      return false;
    }
  }

  async #finish(delivery: Delivery, codec: EnvelopeCodec): Promise<void> {
    this.#runningCount++;
    try {
      await this.#serve(delivery, codec);
    } catch (error) {
      await this.#failed(delivery, error);
    } finally {
      if (--this.#runningCount === 0) this.emit('idle');
    }
  }

  async #serve(delivery: Delivery, codec: EnvelopeCodec): Promise<void> {
    const decoded = codec.decode(delivery.message);
    if (decoded.kind === 'answered') {
      if (decoded.replyTo !== null) await this.#reply(decoded.replyTo, { result: decoded.result });
      delivery.ack();
      return;
    }
    if (decoded.kind === 'poison') {
      await this.#refuse(delivery, decoded);
      return;
    }
    const handler = this.#handlerOf(decoded.method);
    await (handler === undefined
      ? this.#refuse(delivery, unknownMethod(decoded))
      : this.#carryOut(delivery, decoded, handler));
  }

  async #carryOut(delivery: Delivery, decoded: DecodedRequest, handler: Handler): Promise<void> {
    const { params, meta } = decoded;
    let isAccepted = false;
    const accepted = (): void => {
      isAccepted = true;
      delivery.ack();
    };
    const { replyTo } = meta;
    const progress = (part: JsonValue): void => {
      if (replyTo !== null) this.options.replies.tell(replyTo, part);
    };
    const finished = meta.replyTo === null ? undefined : this.#showLife(meta.replyTo, delivery);
    let { trace } = meta;
    const traced = (place: TraceContext): void => {
      trace = place;
    };
    const outcome = await this.#outcomeOf(decoded, () => handler(params, { ...meta, accepted, progress, traced }));
    finished?.();
    if ('error' in outcome && outcome.error.code === 'SHUTTING_DOWN') {
      // What was accepted is answered by whoever takes it up; the rest is asked again of whoever comes next.
      if (!isAccepted) delivery.requeue();
      return;
    }
    if (meta.replyTo !== null) await this.#reply(meta.replyTo, outcome, trace);
    delivery.ack();
  }

  /** The caller of a message that comes again may have heard nothing since it came first. */
  #showLife(to: ReplyAddress, { message }: Delivery): () => void {
    return this.options.replies.showLife(to, { isNew: !message.fields.redelivered });
  }

  async #outcomeOf({ method, meta }: DecodedRequest, run: () => Promise<JsonValue>): Promise<Outcome> {
    try {
      return { result: await run() };
    } catch (error) {
      const computeError = toComputeError(error);
      logFailure(this.options.log, method, meta, computeError);
      return { error: computeError.toWire() };
    }
  }

  async #refuse(delivery: Delivery, poison: Poison): Promise<void> {
    if (poison.replyTo !== null) await this.#reply(poison.replyTo, { error: poison.error.toWire() });
    await this.options.deadLetters.bury(delivery, poison);
  }

  #reply(to: ReplyAddress, outcome: Outcome, trace?: TraceContext): Promise<void> {
    return this.options.replies.deliver(to, outcome, trace);
  }

  async #failed(delivery: Delivery, error: unknown): Promise<void> {
    if (error instanceof ComputeError && error.code === 'BACKEND_UNREACHABLE') {
      this.options.log.warn('a reply was not confirmed; the request goes back to its queue', { err: error });
      delivery.requeue();
      return;
    }
    // A defect of ours would repeat itself with every delivery.
    this.options.log.error('a request could not be finished', { err: error });
    const internal = { reason: 'internal', error: toComputeError(error), replyTo: null, correlationId: null } as const;
    await this.options.deadLetters.bury(delivery, { kind: 'poison', ...internal });
  }
}

function unknownMethod({ method, meta, body }: DecodedRequest): Poison {
  // What stands in the wrong place may be anything, so only what looks like a method's name is repeated.
  const name = readableMethod(method) ?? 'of this name';
  return {
    kind: 'poison',
    reason: 'unknown_method',
    error: new ComputeError('REQUEST_INVALID', `there is no method ${name}`, {
      details: { reason: 'unknown_method' },
    }),
    replyTo: meta.replyTo,
    correlationId: meta.correlationId,
    body,
  };
}
