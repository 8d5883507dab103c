import { Module, type DynamicModule } from '@nestjs/common';
import { REQUEST_GATEWAY, type RequestGateway } from './compute/contract/index.js';
import { DocumentsModule } from './documents/index.js';
import { HttpModule, type HttpParts } from './http/index.js';
import { RpcController, type TransportOptions } from './transport/index.js';

export interface AppParts {
  readonly gateway: RequestGateway;
  readonly http: Omit<HttpParts, 'gateway'>;
  /** What the documents tell of. */
  readonly transport: TransportOptions;
}

/** The Nest application: the edges, given what stands behind them. */
@Module({})
export class AppModule {
  static of({ gateway, http, transport }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [HttpModule.of({ ...http, gateway }), DocumentsModule.of(transport)],
      controllers: [RpcController],
      providers: [{ provide: REQUEST_GATEWAY, useValue: gateway }],
    };
  }
}
