import { BadRequestException, Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';

/** What cannot be read, an address or a body, is repeated by Nest's own answer, and may hold a secret. */
@Catch(BadRequestException)
export class BadRequestFilter implements ExceptionFilter {
  catch(_: BadRequestException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(400).json({ statusCode: 400, message: 'the address or the body of this request cannot be read' });
  }
}
