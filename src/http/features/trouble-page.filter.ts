import { Catch, UnauthorizedException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { ComputeError } from '../../common/errors/index.js';
import { troublePage } from '../../matrix-view/index.js';
import { PAGE_HEADERS } from '../page/index.js';
import { WireErrorFilter, httpStatusOf } from '../wire-error.filter.js';
import { baseOf, formOf } from './form.js';

/** Tells people what went wrong on a page, where they asked for one; and programs as everywhere else. */
@Catch(ComputeError, UnauthorizedException)
export class TroublePageFilter extends BaseExceptionFilter {
  readonly #wire = new WireErrorFilter();

  override catch(error: ComputeError | UnauthorizedException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>().vary('Accept');
    if (formOf(request) !== 'html') {
      if (error instanceof ComputeError) this.#wire.catch(error, host);
      else super.catch(error, host);
      return;
    }
    const status = error instanceof ComputeError ? httpStatusOf(error.code) : error.getStatus();
    const trouble = error instanceof ComputeError ? error.toWire() : { message: 'A token is needed to see this.' };
    response
      .status(status)
      .set({ ...PAGE_HEADERS, 'Cache-Control': 'no-store' })
      .type('html')
      .send(troublePage(baseOf(request), trouble, { asksForToken: status === 401 || status === 403 }));
  }
}
