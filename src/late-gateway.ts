import { ComputeError, type JsonValue } from './common/errors/index.js';
import type { RequestGateway, RequestMeta } from './compute/contract/index.js';

/** Stands before the service while that starts and waits for its journal, so that the edges can be there already. */
export class LateGateway implements RequestGateway {
  #gateway: RequestGateway | undefined;

  open(gateway: RequestGateway): void {
    this.#gateway = gateway;
  }

  async handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    if (this.#gateway !== undefined) return this.#gateway.handle(method, params, meta);
    throw new ComputeError('JOURNAL_UNAVAILABLE', 'the service is starting, and takes no requests yet');
  }
}
