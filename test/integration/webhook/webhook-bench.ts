import { silentLog } from '../../../src/common/log.js';
import type { Checkpoint, PowerChangeName, PowerMachine } from '../../../src/compute/contract/index.js';
import { webhookPowerType } from '../../../src/drivers/power/webhook/webhook.power.js';
import type { WebhookPacing } from '../../../src/drivers/power/webhook/webhook.js';
import { WebhookSimulator, type WebhookInventoryInput } from '../../../src/simulators/webhook/index.js';
import { MemoryBreakers } from '../../support/memory-breakers.js';
import { RecordingContext } from '../../support/operation-context.js';
import { scaledClock } from '../../support/scaled-clock.js';

export const TOKEN = 'canary-webhook-token';

/** Requests have room for a busy machine. */
const PACING: WebhookPacing = { requestTimeoutMs: 15_000, verifyTimeoutMs: 600, pollMs: 20, maxPollMs: 100 };
const MACHINES: WebhookInventoryInput['machines'] = [
  { name: 'off', start_ms: 60, stop_ms: 60 },
  { name: 'on', status: 'running', start_ms: 60, stop_ms: 60 },
  { name: 'never', start_ms: 3_600_000, stop_ms: 3_600_000 },
];

/** The webhook power type before a simulated server. Its time is real, and stands still with the process. */
export class WebhookBench {
  readonly #clock = scaledClock(1);
  readonly #type;

  private constructor(
    readonly simulator: WebhookSimulator,
    pacing: Partial<WebhookPacing>,
  ) {
    this.#type = webhookPowerType({ ...PACING, ...pacing });
    this.#connection = this.#type.open({ clock: this.#clock, log: silentLog, breakers: new MemoryBreakers() });
  }
  readonly #connection;

  static async start(
    server: WebhookInventoryInput['server'] = { token: TOKEN },
    pacing: Partial<WebhookPacing> = {},
  ): Promise<WebhookBench> {
    const simulator = await WebhookSimulator.start({ inventory: { server, machines: MACHINES }, port: 0 });
    return new WebhookBench(simulator, pacing);
  }

  async stop(): Promise<void> {
    await this.#connection.close();
    await this.simulator.stop();
  }

  async closeType(): Promise<void> {
    await this.#connection.close();
  }

  parameters(name: string, more: Record<string, string> = {}): Record<string, string> {
    const base = `${this.simulator.url}/machines/${name}`;
    return {
      power_on_uri: `${base}/on`,
      power_off_uri: `${base}/off`,
      power_query_uri: `${base}/status`,
      power_token: TOKEN,
      ...more,
    };
  }

  machine(name: string, more: Record<string, string> = {}): PowerMachine {
    return this.#connection.machine(this.#type.schema.parse(this.parameters(name, more)));
  }

  context(earlier: readonly Checkpoint[] = []): RecordingContext {
    return new RecordingContext(this.#clock, earlier);
  }

  /** `GET /machines/off/status 200` for each request. */
  requests(): string[] {
    return this.simulator.wireLog.entries().map(({ method, path, status }) => `${method} ${path} ${status ?? 'lost'}`);
  }

  posts(): string[] {
    return this.requests().filter((line) => line.startsWith('POST'));
  }
}

export async function change(
  machine: PowerMachine,
  verb: Exclude<PowerChangeName, 'setBootDevice'>,
  ctx: RecordingContext,
) {
  const run = machine.verbs[verb];
  if (run === undefined) throw new Error(`no ${verb}`);
  return await run(ctx, await machine.resolve(ctx), {});
}

export { failureOf } from '../../support/failure-of.js';
