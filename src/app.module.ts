import { Module, type DynamicModule } from '@nestjs/common';
import { REQUEST_GATEWAY, type RequestGateway } from './compute/contract/index.js';
import { HttpModule, type HttpParts } from './http/index.js';
import { RpcController } from './transport/index.js';

export interface AppParts {
  readonly gateway: RequestGateway;
  readonly http: Omit<HttpParts, 'gateway'>;
}

/** The Nest application: the edges, given what stands behind them. */
@Module({})
export class AppModule {
  static of({ gateway, http }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [HttpModule.of({ ...http, gateway })],
      controllers: [RpcController],
      providers: [{ provide: REQUEST_GATEWAY, useValue: gateway }],
    };
  }
}
