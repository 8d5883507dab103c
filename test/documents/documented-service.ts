import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/common/log.js';
import { loadConfig, parseSource } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { serve, type RunningService } from '../../src/serve.js';
import { Operator, namesOf, type ServiceNames } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { freePort } from '../../scripts/server/free-port.mjs';

const TOKEN = 'canary-token-of-the-documents';

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
    const names = { ...namesOf(run), oslo: run };
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
    await service.ready(AbortSignal.timeout(90_000));
    const operator = await Operator.connect(broker.url);
    return new DocumentedService(broker, directory, service, port, names, operator);
  }

  get brokerUrl(): string {
    return this.broker.url;
  }

  async http(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; type: string; body: Record<string, unknown> }> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const text = await answer.text();
    const read: unknown = type === 'application/json' ? JSON.parse(text) : text;
    return { status: answer.status, type, body: read as Record<string, unknown> };
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
