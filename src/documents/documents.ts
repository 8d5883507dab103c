import type { TransportOptions } from '../transport/index.js';

/** The documents of a running service, loaded and made when somebody asks first: many a service is never asked. */
export class Documents {
  #openApi: string | undefined;
  #asyncApi: string | undefined;

  constructor(private readonly transport: TransportOptions) {}

  async openApi(): Promise<string> {
    const { openApi } = await import('./openapi.js');
    return (this.#openApi ??= JSON.stringify(openApi()));
  }

  async asyncApi(): Promise<string> {
    const { asyncApi } = await import('./asyncapi.js');
    return (this.#asyncApi ??= JSON.stringify(asyncApi(this.transport)));
  }
}
