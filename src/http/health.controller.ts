import { Controller, Get, Header, Headers, Inject, Res } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'express';
import { messageOf } from '../common/errors/index.js';
import type { Health, HealthSource } from '../common/health.js';
import { Access } from './access.js';
import { Open } from './token.guard.js';

/** Injection token of the parts that readiness depends on. */
export const HEALTH_SOURCES = Symbol('HealthSources');

/** A part that says nothing for so long is not well. */
const CHECK_TIMEOUT_MS = 2_000;

interface NamedHealth extends Health {
  readonly name: string;
}

interface HealthAnswer {
  readonly status: string;
  readonly checks?: readonly NamedHealth[];
}

/** Probes for supervisors and load balancers. Both are open; only who may see more is told why. */
@Open()
@Controller()
export class HealthController {
  constructor(
    @Inject(HEALTH_SOURCES) private readonly sources: readonly HealthSource[],
    @Inject(Access) private readonly access: Access,
  ) {}

  /** The process is alive: 200, whatever else is true. */
  @Get('healthz')
  @Header('Cache-Control', 'no-store')
  async alive(@Headers() headers: IncomingHttpHeaders): Promise<HealthAnswer> {
    return { status: 'alive', ...(this.access.isGranted(headers) ? { checks: await this.#checks() } : {}) };
  }

  /** Requests are being served: 200, else 503. */
  @Get('readyz')
  @Header('Cache-Control', 'no-store')
  async ready(
    @Res({ passthrough: true }) response: Response,
    @Headers() headers: IncomingHttpHeaders,
  ): Promise<HealthAnswer> {
    const checks = await this.#checks();
    const isReady = checks.every(({ ok }) => ok);
    response.status(isReady ? 200 : 503);
    return {
      status: isReady ? 'ready' : 'not ready',
      ...(this.access.isGranted(headers) ? { checks } : {}),
    };
  }

  #checks(): Promise<NamedHealth[]> {
    return Promise.all(this.sources.map(async (source) => ({ name: source.name, ...(await checkInTime(source)) })));
  }
}

async function checkInTime(source: HealthSource): Promise<Health> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Health>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, detail: `no answer within ${CHECK_TIMEOUT_MS} ms` }),
      CHECK_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([Promise.resolve(source.check()), tooLate]);
  } catch (error) {
    return { ok: false, detail: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
