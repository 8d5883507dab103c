import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/common/log.js';
import { loadConfig, parseSource } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { serve, type RunningService } from '../../src/serve.js';
import { Operator, type ServiceNames } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';

/** Of the service's `http.token`. */
export const TOKEN = 'canary-token-of-the-documents';

/** The service with the simulated estate, as `npm start` has it, under names that nobody else uses. */
export class DocumentedService {
  private constructor(
    private readonly broker: Pick<Broker, 'url' | 'stop'>,
    private readonly directory: string,
    private readonly service: RunningService,
    private readonly port: number,
    private readonly names: ServiceNames & { readonly oslo: string },
    readonly operator: Operator,
  ) {}

  static async start(): Promise<DocumentedService> {
    const broker = await sharedBroker();
    const run = `docs-${randomBytes(6).toString('hex')}`;
    const directory = mkdtempSync(join(tmpdir(), 'zenova-docs-'));
    const names = {
      groupQueue: `zenova.rpc.${run}`,
      serverQueue: `zenova.rpc.server.${run}`,
      deadQueue: `zenova.rpc.dead.${run}`,
      eventsExchange: `zenova.events.${run}`,
      oslo: run,
    };
    const port = await freePort();
    const written = {
      server: run,
      group: run,
      state_dir: directory,
      amqp: { url: broker.url, dead_queue: names.deadQueue, events_exchange: names.eventsExchange },
      oslo: { enabled: true, control_exchange: run, topic: run },
      http: { port, token: { env: 'HTTP_TOKEN' } },
    };
    const source = { ...parseSource(JSON.stringify(written), 'the test'), isSimulatedEstate: true }; // JSON is YAML
    const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
    const config = loadConfig(source, { driverSettings, environment: { HTTP_TOKEN: TOKEN } });
    const service = await serve(config, { log: silentLog });
    await service.ready(AbortSignal.timeout(30_000));
    const operator = await Operator.connect(broker.url);
    return new DocumentedService(broker, directory, service, port, names, operator);
  }

  get brokerUrl(): string {
    return this.broker.url;
  }

  /** Of its HTTP surface, without a slash at the end. */
  get httpUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async http(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(`${this.httpUrl}${path}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  async stop(): Promise<void> {
    await this.service.stop();
    const { oslo } = this.names;
    for (const queue of [oslo, `${oslo}.${oslo}`]) await this.operator.channel.deleteQueue(queue);
    await this.operator.channel.deleteExchange(oslo);
    await this.operator.remove(this.names);
    await this.operator.close();
    await this.broker.stop();
    rmSync(this.directory, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const script = new URL('../../scripts/server/free-port.mjs', import.meta.url).href;
  const { freePort: find } = (await import(script)) as { freePort: () => Promise<number> };
  return find();
}
