import type { Clock } from '../common/clock.js';
import type { JsonValue } from '../common/errors/index.js';
import { newOperationId } from '../common/ids.js';
import type { TraceContext } from '../common/trace-context.js';
import type { RequestGateway } from '../compute/contract/index.js';
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
    return this.askAs(this.access.callerOf(authorization, options), method, params, { trace });
  }

  /**
   * Asks in somebody's name.
   *
   * @param requestId names the request (default: one of its own)
   * @throws ComputeError
   */
  askAs(
    requestedBy: string,
    method: string,
    params: unknown,
    { requestId = newRequestId(), trace }: { readonly requestId?: string; readonly trace?: TraceContext | undefined },
  ): Promise<JsonValue> {
    return this.gateway.handle(method, params, {
      requestId,
      messageId: null,
      correlationId: requestId,
      requestedBy,
      sentAt: this.clock.now(),
      replyTo: null,
      trace,
      accepted: () => undefined,
    });
  }
}

/** Names a request that came over HTTP. */
export function newRequestId(): string {
  return `http-${newOperationId()}`;
}
