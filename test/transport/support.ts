import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { Module, type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { systemClock } from '../../src/common/clock.js';
import type { JsonValue } from '../../src/common/errors/index.js';
import { createLog, silentLog, type Log } from '../../src/common/log.js';
import { REQUEST_GATEWAY, type RequestGateway, type RequestMeta } from '../../src/compute/contract/index.js';
import { DEAD_QUEUE, groupQueue, serverQueue } from '../../src/transport/amqp/index.js';
import { RpcController, createTransport, type Transport, type TransportOptions } from '../../src/transport/index.js';

export const log: Log = process.env['TEST_LOG'] === undefined ? silentLog : createLog('debug');

export type Handle = (method: string, params: unknown, meta: RequestMeta) => Promise<JsonValue>;

/** The gateway's port, filled in by each test. */
export class ScriptedGateway implements RequestGateway {
  readonly calls: { method: string; params: unknown; meta: RequestMeta }[] = [];
  readonly events = new EventEmitter();
  script: Handle = (method, params) => Promise.resolve({ method, params: params as JsonValue });

  handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    this.calls.push({ method, params, meta });
    this.events.emit('call');
    return this.script(method, params, meta);
  }

  async called(times: number): Promise<void> {
    while (this.calls.length < times) await once(this.events, 'call');
  }
}

@Module({})
class TransportTestModule {
  static with(gateway: RequestGateway): DynamicModule {
    return {
      module: TransportTestModule,
      controllers: [RpcController],
      providers: [{ provide: REQUEST_GATEWAY, useValue: gateway }],
    };
  }
}

export interface Service {
  readonly transport: Transport;
  readonly gateway: ScriptedGateway;
  readonly app: INestMicroservice;
  readonly groupQueue: string;
  readonly serverQueue: string;
  readonly deadQueue: string;
  readonly eventsExchange: string;
  close(): Promise<void>;
}

/** Names of queues and exchanges that nobody else uses. */
export function uniqueNames(): { group: string; server: string; deadQueue: string; eventsExchange: string } {
  const run = randomBytes(6).toString('hex');
  return {
    group: `test-${run}`,
    server: `test-${run}`,
    deadQueue: `${DEAD_QUEUE}.test-${run}`,
    eventsExchange: `zenova.events.test-${run}`,
  };
}

/** A service with its transport, consuming. */
export async function startService(
  url: string,
  options: Partial<TransportOptions> = {},
  {
    isReady = true,
    names = uniqueNames(),
    log: serviceLog = log,
  }: { isReady?: boolean; names?: ReturnType<typeof uniqueNames>; log?: Log } = {},
): Promise<Service> {
  const gateway = new ScriptedGateway();
  const transport = createTransport(
    { urls: [url], drainTimeoutMs: 2_000, ...names, ...options },
    { log: serviceLog, clock: systemClock },
  );
  const app = await NestFactory.createMicroservice(TransportTestModule.with(gateway), {
    strategy: transport.strategy,
    logger: false,
  });
  await app.listen();
  if (isReady) await ready(transport);
  return {
    transport,
    gateway,
    app,
    groupQueue: groupQueue(names.group),
    serverQueue: serverQueue(names.server),
    deadQueue: names.deadQueue,
    eventsExchange: names.eventsExchange,
    close: () => app.close(),
  };
}

export async function ready(transport: Transport, timeoutMs = 60_000): Promise<void> {
  await transport.health.until((s) => s.isConnected && s.isConsuming, AbortSignal.timeout(timeoutMs));
}
