import { Controller, Get, Header, Inject } from '@nestjs/common';
import { Documents } from './documents.js';

const JSON_TEXT = ['Content-Type', 'application/json; charset=utf-8'] as const;
/** May be kept, and is asked for anew with its ETag. */
const REVALIDATE = ['Cache-Control', 'private, no-cache'] as const;

/** Documents for programs (DESIGN 4.2). */
@Controller()
export class DocumentsController {
  constructor(@Inject(Documents) private readonly documents: Documents) {}

  @Get('openapi.json')
  @Header(...JSON_TEXT)
  @Header(...REVALIDATE)
  openApi(): Promise<string> {
    return this.documents.openApi();
  }

  @Get('asyncapi.json')
  @Header(...JSON_TEXT)
  @Header(...REVALIDATE)
  asyncApi(): Promise<string> {
    return this.documents.asyncApi();
  }
}
