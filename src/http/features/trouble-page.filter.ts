import { Catch, UnauthorizedException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ComputeError } from '../../common/errors/index.js';
import { troublePage, type Trouble } from '../../matrix-view/index.js';
import { PAGE_HEADERS } from '../page/index.js';
import { tellStatus } from '../wire-error.filter.js';
import { baseOf, formOf } from './form.js';

/** Tells people what went wrong on a page, where they asked for one; and programs as everywhere else. */
@Catch(ComputeError, UnauthorizedException)
export class TroublePageFilter implements ExceptionFilter {
  catch(error: ComputeError | UnauthorizedException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>().vary('Accept');
    const isOurs = error instanceof ComputeError;
    if (isOurs) tellStatus(response, error);
    else response.status(error.getStatus());
    if (formOf(request) === 'html') sendPage(isOurs ? error.toWire() : UNKNOWN, request, response);
    else response.json(isOurs ? error.toWire() : error.getResponse());
  }
}

const UNKNOWN: Trouble = { message: 'A token is needed to see this.' };

function sendPage(trouble: Trouble, request: Request, response: Response): void {
  const asksForToken = response.statusCode === 401 || response.statusCode === 403;
  response
    .set({ ...PAGE_HEADERS, 'Cache-Control': 'no-store' })
    .type('html')
    .send(troublePage(baseOf(request), trouble, { asksForToken }));
}
