import type { Clock } from '../../../src/common/clock.js';
import type { JsonValue } from '../../../src/common/errors/index.js';
import { silentLog } from '../../../src/common/log.js';
import { Secret } from '../../../src/common/secret.js';
import type {
  AnyOperations,
  AskedChange,
  ChangeOperationName,
  ChangeParams,
  Checkpoint,
  DriverPorts,
  FoundMachine,
  Images,
  OperationContext,
  PowerMachine,
  QueriedState,
  Reconciliation,
  Seeds,
  SeenInstance,
  Target,
  VirtHost,
} from '../../../src/compute/contract/index.js';
import { HttpClient } from '../../../src/connectors/http/index.js';
import { createHmcDpm } from '../../../src/drivers/hmc-dpm/index.js';
import { HmcSimulator, type HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import type { WireEntry } from '../../../src/simulators/kit/wire-log.js';
import { eventually } from '../../support/eventually.js';
import { MemoryBreakers } from '../../support/memory-breakers.js';
import { RecordingContext } from '../../support/operation-context.js';
import { scaledClock } from '../../support/scaled-clock.js';

export const USER = { name: 'zenova', password: 'secret-of-zenova' } as const;

const properties = {
  'boot-device': 'storage-volume',
  'boot-storage-volume': '/api/storage-groups/g/storage-volumes/v',
};

export const inventory: HmcInventoryInput = {
  timing: { start_ms: 60, paused_ms: 20, stop_ms: 40, cancel_ms: 20 },
  users: [
    { name: USER.name, password: USER.password },
    { name: 'reader', password: 'secret-of-reader', tasks: [] },
    { name: 'tenant', password: 'secret-of-tenant', sees: [{ cpc: 'CPC2', partitions: ['LPAR1'] }] },
  ],
  cpcs: [
    {
      name: 'CPC1',
      mode: 'dpm',
      partitions: [
        { name: 'off', properties },
        { name: 'on', status: 'active', properties },
        { name: 'degraded', status: 'degraded', starts_as: 'degraded', properties },
        { name: 'paused', status: 'paused', properties },
        { name: 'terminated', status: 'terminated', properties },
        { name: 'starved', status: 'reservation-error', properties },
        { name: 'starving', starts_as: 'reservation-error', properties },
        { name: 'crashing', starts_as: 'terminated', properties },
        { name: 'halting', starts_as: 'paused', properties },
        { name: 'bootless', properties: { 'boot-device': 'none' } },
        { name: 'bootless-on', status: 'active', properties: { 'boot-device': 'none' } },
        { name: 'locked', status: 'active', properties: { ...properties, 'is-locked': true } },
        { name: 'starting', status: 'starting', properties },
        { name: 'stopping', status: 'stopping', properties },
        { name: 'out-of-touch', status: 'communications-not-active', properties },
        { name: 'checking', status: 'status-check', properties },
        { name: 'db.prod', status: 'active', properties },
        { name: 'db-prod', properties },
        { name: 'DB.prod', properties },
        { name: 'app @ test', properties },
        { name: 'odd\\E.*\\Q (a+b)', properties },
        { name: 'LPAR1', properties },
      ],
    },
    {
      name: 'CPC2',
      mode: 'dpm',
      partitions: [{ name: 'LPAR1', properties }],
      generate: [{ pattern: 'g{n:3}', count: 300 }],
    },
    { name: 'CPC3', mode: 'classic', logical_partitions: [{ name: 'PROD1' }] },
    { name: 'CPC4', mode: 'dpm' },
  ],
};

export interface BenchOptions {
  readonly inventory?: Partial<HmcInventoryInput>;
  readonly settings?: Record<string, unknown>;
  readonly clock?: Clock;
  readonly idleLogoffMs?: number;
  readonly images?: Images;
  readonly seeds?: Seeds;
  /** Where the simulator keeps the bytes of what is mounted. */
  readonly isoFolder?: string;
  /** Does the driver listen to the HMC's notifications? Default: no, so that each request is one that was asked for. */
  readonly listens?: boolean;
}

/** A simulated HMC and the driver, with one host opened on it; the driver's clock runs a hundred times as fast. */
export class HmcDpmBench {
  readonly breakers = new MemoryBreakers();
  readonly ports: DriverPorts;
  readonly host: VirtHost;
  /** What the driver told of by itself. */
  readonly seen: SeenInstance[] = [];
  readonly #listens: boolean;
  readonly #drivers: ReturnType<typeof createHmcDpm>;
  readonly #connection: ReturnType<ReturnType<typeof createHmcDpm>['powerType']['open']>;
  readonly #hosts: VirtHost[] = [];

  private constructor(
    readonly simulator: HmcSimulator,
    readonly clock: Clock,
    options: BenchOptions,
  ) {
    this.#listens = options.listens ?? false;
    this.ports = {
      clock,
      log: silentLog,
      breakers: this.breakers,
      images: options.images,
      seeds: options.seeds ?? null,
      onState: (seen) => this.seen.push(seen),
    };
    this.#drivers = createHmcDpm(options.idleLogoffMs === undefined ? {} : { idleLogoffMs: options.idleLogoffMs });
    this.#connection = this.#drivers.powerType.open(this.ports);
    this.host = this.open(options.settings);
  }

  static async start(options: BenchOptions = {}): Promise<HmcDpmBench> {
    const { isoFolder } = options;
    const simulator = await HmcSimulator.start({
      inventory: { ...inventory, ...options.inventory },
      port: 0,
      ...(isoFolder === undefined ? {} : { isoFolder }),
    });
    return HmcDpmBench.at(simulator, options);
  }

  /** Another process with the driver, at an HMC that is there. */
  static at(simulator: HmcSimulator, options: Omit<BenchOptions, 'inventory' | 'isoFolder'> = {}): HmcDpmBench {
    return new HmcDpmBench(simulator, options.clock ?? scaledClock(100), options);
  }

  settings(changes: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      endpoint: this.simulator.url,
      userid: USER.name,
      password: new Secret(USER.password),
      cpc: 'CPC1',
      tls: { ca: this.simulator.certificatePem },
      // Of real time: room for a busy machine.
      request_timeout_ms: 15_000,
      // Of the clock's time, a hundredth of which is real.
      operation_timeout_ms: 1_800_000,
      notifications: this.#listens ? { port: this.simulator.stompPort } : { enabled: false },
      ...changes,
    };
  }

  open(changes: Record<string, unknown> = {}): VirtHost {
    const host = this.#drivers.virtDriver.open('host1', this.settings(changes), this.ports);
    this.#hosts.push(host);
    return host;
  }

  machine(changes: Record<string, unknown> = {}): PowerMachine {
    return this.#connection.machine(this.#parameters(changes));
  }

  /** @param changes of the parameters of each, or of none */
  async queryMany(
    names: readonly string[],
    changes: readonly Record<string, unknown>[] = [],
  ): Promise<readonly QueriedState[]> {
    const machines = names.map((name, i) => this.#parameters({ power_partition_name: name, ...changes[i] }));
    return (await this.#connection.queryMany?.(this.context(), machines)) ?? [];
  }

  /** What `hmcz` finds behind the HMC. */
  async probe(isWanted: (name: string) => boolean = () => true): Promise<readonly FoundMachine[]> {
    const { power_partition_name: _, ...controller } = this.#given({});
    const { probe } = this.#connection;
    return (await probe?.list(this.context(), probe.schema.parse(controller), isWanted)) ?? [];
  }

  /** Object-id of a partition. */
  idOf(name: string): string {
    return this.simulator.partitions(name)[0]?.uri.split('/').at(-1) ?? '';
  }

  #parameters(changes: Record<string, unknown>): unknown {
    return this.#drivers.powerType.schema.parse(this.#given(changes));
  }

  #given(changes: Record<string, unknown>) {
    return {
      power_address: `127.0.0.1:${this.simulator.port}`,
      power_user: USER.name,
      power_pass: USER.password,
      power_partition_name: 'off',
      power_verify_ssl: 'n',
      ...changes,
    };
  }

  context(earlier: readonly Checkpoint[] = []): RecordingContext {
    return new RecordingContext(this.clock, earlier);
  }

  /** Another attempt of an operation, as after a crash: with the same id, and what was left in the journal. */
  again(ctx: RecordingContext): RecordingContext {
    return Object.assign(this.context(ctx.checkpoints), { operationId: ctx.operationId });
  }

  /** Resolves and changes, as the dispatcher does, with an operation that needs no parameters. */
  change<O extends BareOperationName>(
    operation: O,
    name: string,
    ctx: OperationContext = this.context(),
    host = this.host,
  ): Promise<ResultOf<O>> {
    return this.changeWith(operation, name, {} as ChangeParams<O>, ctx, host);
  }

  /** As `change`, with parameters. */
  async changeWith<O extends ChangeOperationName>(
    operation: O,
    name: string,
    params: ChangeParams<O>,
    ctx: OperationContext = this.context(),
    host = this.host,
  ): Promise<ResultOf<O>> {
    return await run(host, operation, ctx, await host.resolve(ctx, name), params);
  }

  /** What a host makes of what an attempt has left. */
  async reconcile(asked: AskedChange, name: string, left: readonly Checkpoint[]): Promise<Reconciliation> {
    const target = await this.host.resolve(this.context(), name);
    return await this.host.reconcile(this.context(left), asked, target);
  }

  /** Resolves once the HMC is heard, so that states are known without a request. */
  async untilHeard(): Promise<void> {
    const query = () => this.host.operations.queryPower(this.context(), 'on', { maxAgeMs: 60_000 });
    await query();
    await eventually(async () => {
      const since = this.simulator.wireLog.last;
      await query();
      return this.simulator.wireLog.last === since;
    }, 'what the HMC tells to be relied upon');
  }

  /** Requests since `since`, but job polls, as "METHOD path". */
  requests(since: number): string[] {
    return this.entries(since).map(asLine);
  }

  entries(since: number): readonly WireEntry[] {
    return this.simulator.wireLog
      .entries({ since })
      .filter(({ method, path }) => !(method === 'GET' && path.startsWith('/api/jobs/')));
  }

  /** As somebody at the HMC does. */
  async rename(name: string, to: string): Promise<void> {
    await this.atHmc('POST', this.simulator.partitions(name)[0]?.uri ?? '', { name: to });
  }

  /** A request of somebody else, in a session of their own. */
  async atHmc(method: 'POST' | 'DELETE', path: string, json?: JsonValue): Promise<void> {
    const { simulator } = this;
    const { port } = simulator;
    const trust = { kind: 'ca', pem: simulator.certificatePem } as const;
    const http = new HttpClient({ host: '127.0.0.1', port, trust });
    const send = async (
      verb: 'POST' | 'DELETE',
      to: string,
      body?: JsonValue,
      headers = {},
    ): Promise<Record<string, string>> => {
      const given = body === undefined ? {} : { json: body };
      const answer = await http.request({ method: verb, path: to, ...given, headers, timeoutMs: 15_000 });
      if (answer.status >= 300) throw new Error(`${to}: ${answer.status}`);
      return answer.body.kind === 'json' ? (answer.body.value as Record<string, string>) : {};
    };
    try {
      const logon = await send('POST', '/api/sessions', { userid: USER.name, password: USER.password });
      const headers = { 'X-API-Session': logon['api-session'] ?? '' };
      await send(method, path, json, headers);
      await send('DELETE', '/api/sessions/this-session', undefined, headers);
    } finally {
      http.close();
    }
  }

  async closeDrivers(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
    await this.#connection.close();
  }

  async stop(): Promise<void> {
    await this.closeDrivers();
    await this.simulator.stop();
  }
}

type ResultOf<O extends ChangeOperationName> = Awaited<ReturnType<NonNullable<AnyOperations[O]>>>;
/** Operations whose parameters may all be left out. */
type BareOperationName = {
  [O in ChangeOperationName]: object extends ChangeParams<O> ? O : never;
}[ChangeOperationName];

export async function run<O extends ChangeOperationName>(
  host: VirtHost,
  operation: O,
  ctx: OperationContext,
  target: Target,
  params: object = {},
): Promise<ResultOf<O>> {
  // The parameters of an operation are those of its name, which only this line has to believe.
  const change = host.operations[operation] as
    ((ctx: OperationContext, target: Target, params: object) => Promise<unknown>) | undefined;
  if (change === undefined) throw new Error(`the driver does not offer ${operation}`);
  return (await change(ctx, target, params)) as ResultOf<O>;
}

/** A request as "METHOD path", without the ids in it. */
export function asLine({ method, path }: WireEntry): string {
  return `${method} ${path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')}`;
}

export { failureOf } from '../../support/failure-of.js';
