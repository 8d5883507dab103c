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
import { ComputeError } from '../common/errors/index.js';
import { Access, SEND_A_TOKEN, type HttpToken } from './access.js';

const OPEN = 'zenova:open';
const ASKS = 'zenova:asks';
const BASIC = 'zenova:basic';

/** Marks a controller or handler that answers without a token. */
export const Open = () => SetMetadata(OPEN, true);

type AccessOf = (request: Request) => HttpToken['access'];

/** Marks a handler that asks for a token with such access, also on a loopback address. */
export const AsksFor = (accessOf: AccessOf) => SetMetadata(ASKS, accessOf);

/** Marks a handler that changes something: it asks for a token with access `act`, also on a loopback address. */
export const Acts = () => AsksFor(() => 'act');

/** Marks a controller or handler that takes a token as the password of `Basic` credentials, too. */
export const TakesBasic = () => SetMetadata(BASIC, true);

/** Asks for a token on every route that is not marked {@link Open}. RPC is none of its business. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    if (this.#isMarked(OPEN, context)) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const basic = this.#isMarked(BASIC, context);
    const accessOf = this.reflector.getAllAndOverride<AccessOf | undefined>(ASKS, marked(context));
    if (accessOf === undefined) {
      const refusal = this.access.refusal(request.headers, { basic });
      if (refusal === undefined) return true;
      throw askForToken(context, refusal, basic);
    }
    const holder = this.access.holderOf(request.headers.authorization, { basic });
    if (holder === undefined) throw askForToken(context, SEND_A_TOKEN, basic);
    if (holder.mayAct || accessOf(request) === 'read') return true;
    throw mayNotAct(holder.name);
  }

  #isMarked(mark: string, context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride<boolean | undefined>(mark, marked(context)) ?? false;
  }
}

function marked(context: ExecutionContext): Parameters<Reflector['getAllAndOverride']>[1] {
  return [context.getHandler(), context.getClass()];
}

function askForToken(context: ExecutionContext, why: string, basic: boolean): UnauthorizedException {
  const schemes = ['Bearer realm="zenova"', ...(basic ? ['Basic realm="zenova", charset="UTF-8"'] : [])];
  const response = context.switchToHttp().getResponse<Response>();
  response.setHeader('WWW-Authenticate', schemes.length === 1 ? (schemes[0] ?? '') : schemes);
  return new UnauthorizedException(why);
}

function mayNotAct(name: string): ComputeError {
  return new ComputeError(
    'FORBIDDEN',
    `the token ${name} may see, and not change, anything: give it access: act in http.tokens to let it`,
    { details: { reason: 'token', name } },
  );
}
