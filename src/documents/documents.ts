import type { TransportOptions } from '../transport/index.js';
import { asyncApi } from './asyncapi.js';
import { openApi } from './openapi.js';

/** The documents of a running service, made when somebody asks first: that takes a moment, and many a service is never asked. */
export class Documents {
  #openApi: string | undefined;
  #asyncApi: string | undefined;

  constructor(private readonly transport: TransportOptions) {}

  openApi(): string {
    return (this.#openApi ??= JSON.stringify(openApi()));
  }

  asyncApi(): string {
    return (this.#asyncApi ??= JSON.stringify(asyncApi(this.transport)));
  }
}
