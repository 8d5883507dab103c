import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { HealthSource } from '../common/health.js';
import type { Secret } from '../common/secret.js';
import { Access } from './access.js';
import { HEALTH_SOURCES, HealthController } from './health.controller.js';
import { NotFoundFilter } from './not-found.filter.js';
import { TokenGuard } from './token.guard.js';

export interface HttpParts {
  /** Address that the server is bound to. */
  readonly host: string;
  readonly token: Secret | null;
  /** What `/readyz` depends on. */
  readonly health: readonly HealthSource[];
}

/** The HTTP surface. Routes of all modules ask for the token unless they are marked `@Open()`. */
@Module({})
export class HttpModule {
  static of({ host, token, health }: HttpParts): DynamicModule {
    return {
      module: HttpModule,
      controllers: [HealthController],
      providers: [
        { provide: HEALTH_SOURCES, useValue: health },
        { provide: Access, useValue: new Access(host, token) },
        { provide: APP_GUARD, useClass: TokenGuard },
        { provide: APP_FILTER, useClass: NotFoundFilter },
      ],
    };
  }
}
