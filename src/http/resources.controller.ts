import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Header, Headers, Inject, Param, Query } from '@nestjs/common';
import type { JsonValue } from '../common/errors/index.js';
import { HttpRequests } from './http-requests.js';
import { queryReader } from './query-params.js';

const NO_STORE = ['Cache-Control', 'no-store'] as const;

const operationQuery = queryReader('operation.list');
const machineQuery = queryReader('machine.list');

type Query = Readonly<Record<string, unknown>>;

/** What there is to see (DESIGN 4.2), each the answer of an RPC method. */
@Controller('v1')
export class ResourcesController {
  constructor(@Inject(HttpRequests) private readonly requests: HttpRequests) {}

  @Get('operations')
  @Header(...NO_STORE)
  operations(@Query() query: Query, @Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('operation.list', operationQuery(query), headers);
  }

  @Get('operations/:id')
  @Header(...NO_STORE)
  operation(@Param('id') id: string, @Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('operation.get', { operation_id: id }, headers);
  }

  @Get('hosts')
  @Header(...NO_STORE)
  hosts(@Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('host.list', {}, headers);
  }

  @Get('machines')
  @Header(...NO_STORE)
  machines(@Query() query: Query, @Headers() headers: IncomingHttpHeaders): Promise<JsonValue> {
    return this.requests.ask('machine.list', machineQuery(query), headers);
  }
}
