import type { Clock } from '../common/clock.js';
import type { JsonValue } from '../common/errors/index.js';
import { newOperationId } from '../common/ids.js';
import type { TraceContext } from '../common/trace-context.js';
import { ANONYMOUS, httpCaller, type RequestGateway } from '../compute/contract/index.js';
import type { Access, AuthorizationOptions } from './access.js';

export interface AskOptions extends AuthorizationOptions {
  /** The trace that the request is a part of. */
  readonly trace?: TraceContext | undefined;
}

/** Requests that come over HTTP, on their way to the gateway. */
export class HttpRequests {
  constructor(
    private readonly gateway: RequestGateway,
    private readonly access: Access,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks in the name of the token that the header holds; without one, of nobody.
   *
   * @param authorization the header of that name
   * @throws ComputeError
   */
  ask(
    method: string,
    params: unknown,
    authorization: string | undefined,
    { trace, ...options }: AskOptions = {},
  ): Promise<JsonValue> {
    const holder = this.access.holderOf(authorization, options);
    const requestId = `http-${newOperationId()}`;
    return this.gateway.handle(method, params, {
      requestId,
      messageId: null,
      correlationId: requestId,
      requestedBy: holder === undefined ? ANONYMOUS : httpCaller(holder.name),
      sentAt: this.clock.now(),
      replyTo: null,
      trace,
      accepted: () => undefined,
    });
  }
}
