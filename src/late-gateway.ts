import { ComputeError, type JsonValue } from './common/errors/index.js';
import type { EventSight, RequestGateway, RequestMeta, ServiceEvent } from './compute/contract/index.js';

/** Stands before the service while that starts and waits for its journal, so that the edges can be there already. */
export class LateGateway implements RequestGateway, EventSight {
  #gateway: (RequestGateway & EventSight) | undefined;

  open(gateway: RequestGateway & EventSight): void {
    this.#gateway = gateway;
  }

  async handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    if (this.#gateway !== undefined) return this.#gateway.handle(method, params, meta);
    throw new ComputeError('JOURNAL_UNAVAILABLE', 'the service is starting, and takes no requests yet');
  }

  /** Nothing, to anybody, before the service knows its rules. */
  sees(caller: string, event: ServiceEvent): boolean {
    return this.#gateway?.sees(caller, event) ?? false;
  }
}
