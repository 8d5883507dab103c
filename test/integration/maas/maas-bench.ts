import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { systemClock, type Clock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { Secret } from '../../../src/common/secret.js';
import type { CallerRule } from '../../../src/common/caller-rule.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../../src/drivers/driver-registry.js';
import { EventFeed, HttpModule } from '../../../src/http/index.js';
import { ComputeBench, type ComputeBenchOptions } from '../../support/compute-bench.js';

export const TOKENS = { maas: 'canary-token-of-maas', watcher: 'canary-token-of-watcher' };

export interface MaasBenchOptions extends Pick<ComputeBenchOptions, 'clock'> {
  /** Settings of the fake host `site`, with an instance `node`. */
  readonly settings?: Record<string, unknown>;
  readonly manage?: readonly string[];
  readonly rules?: readonly CallerRule[];
}

/** The compute service with a fake host, behind the HTTP surface on a real socket. */
export class MaasBench {
  private constructor(
    readonly compute: ComputeBench,
    private readonly app: INestApplication,
    readonly url: string,
    private readonly waits: ReadonlySet<() => void>,
  ) {}

  /** Requests that wait for the end of a change. */
  get waiting(): number {
    return this.waits.size;
  }

  static async start({ settings = {}, manage = ['*'], rules, ...more }: MaasBenchOptions = {}): Promise<MaasBench> {
    const site = { instances: 0, names: ['node', 'a/b é'], ...settings };
    const compute = await ComputeBench.start({
      drivers: VIRT_DRIVERS,
      powerTypes: POWER_TYPES,
      hosts: [{ name: 'site', driver: 'fake', settings: site, manage, protect: [], protectSelf: false }],
      ...(rules === undefined ? {} : { rules }),
      ...more,
    });
    const waits = new Set<() => void>();
    const parts = {
      host: '127.0.0.1',
      tokens: [
        { name: 'maas', token: new Secret(TOKENS.maas), access: 'act' as const },
        { name: 'watcher', token: new Secret(TOKENS.watcher), access: 'read' as const },
      ],
      health: [],
      gateway: compute.service,
      events: { feed: new EventFeed(), sees: () => true },
      clock: noting(waits),
      metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
      log: silentLog,
    };
    const app = await NestFactory.create(HttpModule.of(parts), { logger: false });
    await app.listen(0, '127.0.0.1');
    return new MaasBench(compute, app, await app.getUrl(), waits);
  }

  async stop(): Promise<void> {
    await this.compute.stop();
    await this.app.close();
    await this.compute.discard();
  }

  async ask(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string> = { authorization: `Bearer ${TOKENS.maas}` },
  ): Promise<{ status: number; text: string; body: Record<string, unknown>; headers: Headers }> {
    const answer = await fetch(`${this.url}/v1/maas/${path}`, { method, headers });
    const text = await answer.text();
    return { status: answer.status, text, body: JSON.parse(text) as Record<string, unknown>, headers: answer.headers };
  }

  /** The operations there are, oldest first. */
  async operations(): Promise<Record<string, unknown>[]> {
    const { operations } = await this.compute.call('operation.list', {});
    return (operations as Record<string, unknown>[]).toReversed();
  }
}

/** The machine's clock, and which of its timers run. */
function noting(timers: Set<() => void>): Clock {
  return {
    ...systemClock,
    after: (ms, end) => {
      const forget = systemClock.after(ms, () => {
        timers.delete(stop);
        end();
      });
      const stop = (): void => {
        timers.delete(stop);
        forget();
      };
      timers.add(stop);
      return stop;
    },
  };
}
