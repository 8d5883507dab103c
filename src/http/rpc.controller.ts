import { Controller, Header, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ComputeError, type JsonValue } from '../common/errors/index.js';
import { METHODS, isMethodName } from '../compute/contract/index.js';
import { HttpRequests } from './http-requests.js';
import { AsksFor } from './token.guard.js';

/**
 * Every RPC method over HTTP: the body holds its parameters. Also what only reads asks for a token, on every address, since
 * a body can say where the service shall send a request, and with which password.
 */
@Controller('v1/rpc')
export class HttpRpcController {
  constructor(@Inject(HttpRequests) private readonly requests: HttpRequests) {}

  @Post(':method')
  @AsksFor(({ params }) => accessOf(params['method']))
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async call(
    @Param('method') method: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JsonValue> {
    const answer = await this.requests.ask(method, bodyOf(request), request.headers);
    if (isOnItsWay(answer)) response.status(202);
    return answer;
  }
}

function accessOf(method: unknown): 'read' | 'act' {
  if (typeof method !== 'string' || !isMethodName(method)) return 'read';
  const { kind } = METHODS[method];
  return kind === 'read' || kind === 'service' ? 'read' : 'act';
}

/** A form is refused: any page of the web can send one. */
function bodyOf(request: Request): unknown {
  if (request.is('application/json') !== false) return request.body ?? {};
  throw new ComputeError('REQUEST_INVALID', 'send the parameters as JSON, with Content-Type: application/json');
}

function isOnItsWay(answer: JsonValue): boolean {
  return typeof answer === 'object' && answer !== null && 'outcome' in answer && answer['outcome'] === 'accepted';
}
