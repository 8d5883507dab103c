import { Controller, Get, Inject, Param, Query, Req, Res, UseFilters } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ComputeError } from '../../common/errors/index.js';
import type { MethodName, MethodResult } from '../../compute/contract/index.js';
import { driverMarkdown, driverPage, matrixMarkdown, matrixPage } from '../../matrix-view/index.js';
import { etagOf } from '../etag.js';
import { HttpRequests } from '../http-requests.js';
import { PAGE_HEADERS } from '../page/index.js';
import { queryReader } from '../query-params.js';
import { DRIVER_POINTER, featuresSchema } from './answer-schema.js';
import { baseOf, formByAccept, formByEnding, formOf, searchOf, type Form } from './form.js';
import { TroublePageFilter } from './trouble-page.filter.js';

type RawQuery = Readonly<Record<string, unknown>>;

const matrixQuery = queryReader('features.matrix');
const driverQuery = queryReader('features.driver');

const HEADERS: Readonly<Record<Form, Readonly<Record<string, string>>>> = {
  json: { 'Content-Type': 'application/json; charset=utf-8' },
  html: { ...PAGE_HEADERS, 'Content-Type': 'text/html; charset=utf-8' },
  md: { 'Content-Type': 'text/markdown; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
};

/** The feature matrix (DESIGN 4.2): as data, as a page for people, and as Markdown; each the answer of an RPC method. */
@UseFilters(TroublePageFilter)
@Controller('v1')
export class FeaturesController {
  #schema: string | undefined;

  constructor(@Inject(HttpRequests) private readonly requests: HttpRequests) {}

  @Get('features/schema.json')
  schema(@Res() response: Response): void {
    send(response, 'json', (this.#schema ??= JSON.stringify(featuresSchema())));
  }

  @Get(['features', 'features.html', 'features.md'])
  async matrix(@Query() raw: RawQuery, @Req() request: Request, @Res() response: Response): Promise<void> {
    const query = matrixQuery(raw);
    const matrix = await this.#ask('features.matrix', query, request);
    const form = formOf(request);
    const place = { base: baseOf(request), search: searchOf(request) };
    response.set('Link', schemaLink(request));
    switch (form) {
      case 'json':
        return send(response, form, JSON.stringify(matrix));
      case 'html':
        return send(response, form, matrixPage(matrix, { ...place, query }));
      case 'md':
        return send(response, form, matrixMarkdown(matrix));
    }
  }

  @Get('features/:driver')
  async driver(
    @Param('driver') name: string,
    @Query() raw: RawQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { answer, form } = await this.#driver(name, driverQuery(raw), request);
    const catalogue = async () => (await this.#ask('features.catalogue', {}, request)).features;
    const place = { base: baseOf(request), search: searchOf(request) };
    response.set('Link', schemaLink(request, DRIVER_POINTER));
    switch (form) {
      case 'json':
        return send(response, form, JSON.stringify(answer));
      case 'html':
        return send(response, form, driverPage(answer, await catalogue(), place));
      case 'md':
        return send(response, form, driverMarkdown(answer, await catalogue()));
    }
  }

  /** An ending is a part of the name where a driver is called so, and else says the form. */
  async #driver(
    name: string,
    query: RawQuery,
    request: Request,
  ): Promise<{ answer: MethodResult<'features.driver'>; form: Form }> {
    const ask = (driver: string) => this.#ask('features.driver', { ...query, driver }, request);
    const ending = formByEnding(name);
    if (ending === null) return { answer: await ask(name), form: formByAccept(request) };
    try {
      return { answer: await ask(name), form: formByAccept(request) };
    } catch (error) {
      if (!(error instanceof ComputeError && error.code === 'RESOURCE_NOT_FOUND')) throw error;
      return { answer: await ask(ending.rest), form: ending.form };
    }
  }

  async #ask<M extends MethodName>(method: M, params: object, { headers }: Request): Promise<MethodResult<M>> {
    return (await this.requests.ask(method, params, headers)) as MethodResult<M>;
  }
}

/**
 * It may be kept, and is asked for anew with its ETag: it changes with a new version of the service, and with its
 * evidence. Whoever has it is sent the head only.
 */
function send(response: Response, form: Form, body: string): void {
  response.set({ ...HEADERS[form], 'Cache-Control': 'private, no-cache', ETag: etagOf(body) });
  response.vary('Accept').send(body);
}

function schemaLink(request: Request, pointer = ''): string {
  return `<${baseOf(request)}v1/features/schema.json${pointer}>; rel="describedby"; type="application/schema+json"`;
}
