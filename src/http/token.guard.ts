import {
  Inject,
  Injectable,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { Access } from './access.js';

const OPEN = 'zenova:open';

/** Marks a controller or handler that answers without a token. */
export const Open = () => SetMetadata(OPEN, true);

/** Asks for the bearer token on every route that is not marked {@link Open}. RPC is none of its business. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    if (this.reflector.getAllAndOverride<boolean>(OPEN, [context.getHandler(), context.getClass()])) return true;
    const http = context.switchToHttp();
    if (this.access.isGranted(http.getRequest<Request>().headers.authorization)) return true;
    http.getResponse<Response>().setHeader('WWW-Authenticate', 'Bearer realm="zenova"');
    throw new UnauthorizedException('send the token of http.token as "Authorization: Bearer …"');
  }
}
