import { Controller, Inject, UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { JsonValue } from '../common/errors/index.js';
import { METHOD_NAMES, REQUEST_GATEWAY, type RequestGateway } from '../compute/contract/index.js';
import { ComputeErrorFilter } from './rpc-exception.filter.js';
import type { ZenovaContext } from './zenova.context.js';

/** The one way in: every method of the contract goes to the gateway. */
@Controller()
@UseFilters(ComputeErrorFilter)
export class RpcController {
  constructor(@Inject(REQUEST_GATEWAY) private readonly gateway: RequestGateway) {}

  @MessagePattern([...METHOD_NAMES])
  handle(@Payload() params: unknown, @Ctx() context: ZenovaContext): Promise<JsonValue> {
    return this.gateway.handle(context.method, params, context.meta);
  }
}
