import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../common/clock.js';
import { toComputeError, type JsonValue } from '../common/errors/index.js';
import { newOperationId } from '../common/ids.js';
import type { Log } from '../common/log.js';
import { traceContextOf, type TraceContext } from '../common/trace-context.js';
import { logFailure, type RequestGateway, type RequestMeta } from '../compute/contract/index.js';
import type { Access, AuthorizationOptions } from './access.js';

/** Requests that come over HTTP, on their way to the gateway. */
export class HttpRequests {
  constructor(
    private readonly gateway: RequestGateway,
    private readonly access: Access,
    private readonly ports: { readonly clock: Clock; readonly log: Log },
  ) {}

  /**
   * Asks in the name of the token that the headers hold; without one, of nobody. It is a part of the trace that they name.
   *
   * @throws ComputeError
   */
  ask(
    method: string,
    params: unknown,
    headers: IncomingHttpHeaders,
    options: AuthorizationOptions = {},
  ): Promise<JsonValue> {
    const requestedBy = this.access.callerOf(headers.authorization, options);
    return this.askAs(requestedBy, method, params, { trace: traceContextOf(headers) });
  }

  /**
   * Asks in somebody's name.
   *
   * @param requestId names the request (default: one of its own)
   * @throws ComputeError
   */
  async askAs(
    requestedBy: string,
    method: string,
    params: unknown,
    { requestId = newRequestId(), trace }: { readonly requestId?: string; readonly trace?: TraceContext | undefined },
  ): Promise<JsonValue> {
    let meta: RequestMeta = {
      requestId,
      messageId: null,
      correlationId: requestId,
      requestedBy,
      sentAt: this.ports.clock.now(),
      replyTo: null,
      isDirect: true,
      trace,
      traced: (place) => {
        meta = { ...meta, trace: place };
      },
      accepted: () => undefined,
    };
    try {
      return await this.gateway.handle(method, params, meta);
    } catch (error) {
      const failure = toComputeError(error);
      logFailure(this.ports.log, method, meta, failure);
      throw failure;
    }
  }
}

/** Names a request that came over HTTP. */
export function newRequestId(): string {
  return `http-${newOperationId()}`;
}
