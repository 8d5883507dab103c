import { Controller, Get, Inject, NotFoundException, Param, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Open } from '../token.guard.js';
import type { PageFile } from './page-files.js';
import { PAGE_HEADERS } from './page-headers.js';

/** Injection token of the page's files by name. */
export const PAGE_FILES = Symbol('PageFiles');

/** It may be kept, and is asked for anew with its ETag. */
const HEADERS = { 'Cache-Control': 'no-cache', ...PAGE_HEADERS } as const;

/** The page for operators. It holds nothing to hide: what it shows it asks for, with the reader's token. */
@Open()
@Controller()
export class PageController {
  constructor(@Inject(PAGE_FILES) private readonly files: ReadonlyMap<string, PageFile>) {}

  @Get(['/', 'ui'])
  page(@Req() request: Request, @Res() response: Response): void {
    // Below that address its files would be looked for in another place.
    if (request.path === '/ui/') response.redirect(308, '/ui');
    else this.#send('index.html', response);
  }

  @Get('ui/:file')
  file(@Param('file') name: string, @Res() response: Response): void {
    this.#send(name, response);
  }

  #send(name: string, response: Response): void {
    const file = this.files.get(name);
    if (file === undefined) throw new NotFoundException();
    // Whoever has it by its ETag is sent the head only.
    response.set({ ...HEADERS, ETag: file.etag, 'Content-Type': file.type }).send(file.body);
  }
}
