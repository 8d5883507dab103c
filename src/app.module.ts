import { Module, type DynamicModule } from '@nestjs/common';
import { REQUEST_GATEWAY, type RequestGateway } from './compute/contract/index.js';
import { RpcController } from './transport/index.js';

export interface AppParts {
  readonly gateway: RequestGateway;
}

/** The Nest application: the edges, given what stands behind them. */
@Module({})
export class AppModule {
  static of(parts: AppParts): DynamicModule {
    return {
      module: AppModule,
      controllers: [RpcController],
      providers: [{ provide: REQUEST_GATEWAY, useValue: parts.gateway }],
    };
  }
}
