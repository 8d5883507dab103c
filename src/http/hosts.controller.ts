import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Header, Headers, Inject, Param } from '@nestjs/common';
import type { JsonValue } from '../common/errors/index.js';
import { HttpRequests } from './http-requests.js';

const NO_STORE = ['Cache-Control', 'no-store'] as const;

/** What a host says of itself: each the answer of an RPC method that asks the host, and changes nothing. */
@Controller('v1/hosts/:host')
export class HostsController {
  constructor(@Inject(HttpRequests) private readonly requests: HttpRequests) {}

  @Get()
  @Header(...NO_STORE)
  info(@Param('host') host: string, @Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('host.get_info', { host }, headers);
  }

  @Get('test')
  @Header(...NO_STORE)
  test(@Param('host') host: string, @Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('host.test', { host }, headers);
  }

  @Get('instances')
  @Header(...NO_STORE)
  instances(@Param('host') host: string, @Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('compute.list_instances', { host }, headers);
  }
}
