import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog, type LeveledLog } from '../../../src/common/log.js';
import { Secret } from '../../../src/common/secret.js';
import type { CallerRule } from '../../../src/common/caller-rule.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../../src/drivers/driver-registry.js';
import { HttpModule, listen } from '../../../src/http/index.js';
import { ComputeBench, type ComputeBenchOptions } from '../../support/compute-bench.js';
import { NO_OBSERVATION } from '../../support/no-observation.js';

export const TOKENS = { act: 'canary-token-of-operator', read: 'canary-token-of-watcher' };

export interface Ask {
  /** Default: a GET without a body, else a POST of JSON. */
  readonly body?: string | object;
  readonly headers?: Record<string, string>;
  /** Whose token it has. Default: none. */
  readonly as?: keyof typeof TOKENS;
}

export interface Answer {
  readonly status: number;
  /** Empty when it is not JSON. */
  readonly body: Record<string, unknown>;
  readonly text: string;
  readonly headers: Headers;
}

export interface ApiBenchOptions extends Partial<Pick<ComputeBenchOptions, 'drivers' | 'powerTypes' | 'evidence'>> {
  /** That the configuration says; the socket is on loopback whatever it is. */
  readonly host?: string;
  readonly rules?: readonly CallerRule[];
  /** Of the fake host. */
  readonly settings?: object;
  readonly maxAccepted?: number;
  readonly log?: LeveledLog;
}

/** The compute service with a fake host `site`, behind the HTTP surface on a real socket. */
export class ApiBench {
  private constructor(
    readonly compute: ComputeBench,
    private readonly app: NestExpressApplication,
    readonly url: string,
  ) {}

  static async start({
    host = '127.0.0.1',
    rules,
    settings = {},
    maxAccepted = 1000,
    log = silentLog,
    ...matrix
  }: ApiBenchOptions = {}): Promise<ApiBench> {
    const compute = await ComputeBench.start({
      drivers: VIRT_DRIVERS,
      powerTypes: POWER_TYPES,
      ...matrix,
      hosts: [{ name: 'site', driver: 'fake', settings, manage: ['*'], protect: [], protectSelf: false }],
      limits: { maxAccepted },
      ...(rules === undefined ? {} : { rules }),
    });
    const tokens = [
      { name: 'operator', token: new Secret(TOKENS.act), access: 'act' as const },
      { name: 'watcher', token: new Secret(TOKENS.read), access: 'read' as const },
    ];
    const gateway = compute.service;
    const parts = { host, tokens, health: [], gateway, clock: systemClock, ...NO_OBSERVATION, log };
    const app = await NestFactory.create<NestExpressApplication>(HttpModule.of(parts), { logger: false });
    await listen(app, '127.0.0.1', 0);
    return new ApiBench(compute, app, await app.getUrl());
  }

  async ask(path: string, { body, headers = {}, as }: Ask = {}): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${TOKENS[as]}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
    return {
      status: answer.status,
      body: (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>,
      text,
      headers: answer.headers,
    };
  }

  async stop(): Promise<void> {
    await this.compute.stop();
    await this.app.close();
    await this.compute.discard();
  }
}
