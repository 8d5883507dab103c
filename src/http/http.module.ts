import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { HealthSource } from '../common/health.js';
import type { Clock } from '../common/clock.js';
import type { LeveledLog } from '../common/log.js';
import type { RequestGateway } from '../compute/contract/index.js';
import { Access, type HttpToken } from './access.js';
import { BadRequestFilter } from './bad-request.filter.js';
import { EVENT_SOURCE, EventsController, type EventSource } from './events/index.js';
import { FeaturesController } from './features/index.js';
import { HEALTH_SOURCES, HealthController } from './health.controller.js';
import { HostsController } from './hosts.controller.js';
import { HttpRequests } from './http-requests.js';
import { LogLevelController, SERVICE_LOG } from './log-level.controller.js';
import { MaasController } from './maas.controller.js';
import { METRICS_SOURCE, MetricsController, type MetricsSource } from './metrics.controller.js';
import { NotFoundFilter } from './not-found.filter.js';
import { PAGE_FILES, PageController, readPageFiles } from './page/index.js';
import { ResourcesController } from './resources.controller.js';
import { HttpRpcController } from './rpc.controller.js';
import { RunningChanges } from './running-changes.js';
import { TokenGuard } from './token.guard.js';
import { WireErrorFilter } from './wire-error.filter.js';

export interface HttpParts {
  /** Address that the server is bound to. */
  readonly host: string;
  /** By which callers of this machine ask, beside those of its loopback addresses. */
  readonly names?: readonly string[];
  readonly tokens: readonly HttpToken[];
  /** What `/readyz` depends on. */
  readonly health: readonly HealthSource[];
  /** Where every request goes. */
  readonly gateway: RequestGateway;
  /** What `/v1/events` tells. */
  readonly events: Omit<EventSource, 'clock'>;
  readonly clock: Clock;
  readonly metrics: MetricsSource;
  readonly log: LeveledLog;
}

/** The HTTP surface. Routes of all modules ask for a token unless they are marked `@Open()`. */
@Module({})
export class HttpModule {
  static of({ host, names, tokens, health, gateway, events, clock, metrics, log }: HttpParts): DynamicModule {
    const access = new Access(host, tokens, names);
    const requests = new HttpRequests(gateway, access, { clock, log });
    return {
      module: HttpModule,
      controllers: [
        HealthController,
        LogLevelController,
        MaasController,
        MetricsController,
        ResourcesController,
        FeaturesController,
        HostsController,
        HttpRpcController,
        EventsController,
        PageController,
      ],
      providers: [
        { provide: HEALTH_SOURCES, useValue: health },
        { provide: METRICS_SOURCE, useValue: metrics },
        { provide: SERVICE_LOG, useValue: log },
        { provide: Access, useValue: access },
        { provide: HttpRequests, useValue: requests },
        { provide: EVENT_SOURCE, useValue: { ...events, clock } satisfies EventSource },
        { provide: PAGE_FILES, useFactory: readPageFiles },
        { provide: RunningChanges, useValue: new RunningChanges(requests, clock) },
        { provide: APP_GUARD, useClass: TokenGuard },
        { provide: APP_FILTER, useClass: NotFoundFilter },
        { provide: APP_FILTER, useClass: BadRequestFilter },
        { provide: APP_FILTER, useClass: WireErrorFilter },
      ],
    };
  }
}
