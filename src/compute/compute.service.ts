import type { CallerRule } from '../common/caller-rule.js';
import type { Clock } from '../common/clock.js';
import { ComputeError, type JsonValue } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { EvidenceByDriver } from '../features/index.js';
import type { Journal, SignalLine, WorkerRegistry } from '../journal/journal.port.js';
import type { InstanceStore } from '../journal/instance-store.port.js';
import type { MachineStore } from '../journal/machine-store.port.js';
import {
  noObserver,
  type AnyPowerType,
  type AnyVirtDriver,
  type AuditLog,
  type BreakerStore,
  type ConsoleOffers,
  type DriverPorts,
  type EventPublisher,
  type EventSight,
  type Observer,
  type ReplySender,
  type RequestGateway,
  type RequestMeta,
  type Images,
  type Seeds,
  type ServiceEvent,
} from './contract/index.js';
import {
  CallerRules,
  Consoles,
  ControllerLimits,
  FirstTold,
  Gateway,
  GuardRails,
  MachineNotes,
  MigrationControls,
  OperationRunner,
  Operations,
  PowerSweep,
  Reads,
  Router,
  Takeover,
  TargetFinder,
  WorkerLease,
  hostsOf,
  serviceMethods,
  stateNews,
  type OpenHost,
} from './dispatch/index.js';

/** One host of the configuration. */
export interface HostOptions {
  readonly name: string;
  readonly driver: string;
  /** As the driver's schema wants it, secrets resolved. */
  readonly settings: unknown;
  /** Undefined: the driver's default. */
  readonly manage: readonly string[] | undefined;
  readonly protect: readonly string[];
  /** Keep the LPAR or guest that this process runs in from being stopped. */
  readonly protectSelf: boolean;
}

export interface ComputeServiceOptions {
  /** Name by which this service is addressed. */
  readonly server: string;
  readonly hosts: readonly HostOptions[];
  readonly drivers: readonly AnyVirtDriver[];
  readonly powerTypes: readonly AnyPowerType[];
  /** Of this service, for the matrix. */
  readonly version: string;
  readonly evidence: EvidenceByDriver;
  readonly journal: Journal;
  readonly workers: WorkerRegistry;
  readonly signals: SignalLine;
  readonly breakers: BreakerStore;
  /** What drivers offer guests to read at their first start; null: they cannot. */
  readonly seeds?: Seeds | null;
  /** By which drivers give streams of consoles an address; null: they cannot. */
  readonly consoles?: ConsoleOffers | null;
  readonly images?: Images | undefined;
  readonly machines: MachineStore;
  readonly instances: InstanceStore;
  readonly fingerprint: (text: string) => string;
  readonly events: EventPublisher;
  readonly replies: ReplySender;
  readonly audit: AuditLog;
  /** Default: nobody looks. */
  readonly observer?: Observer;
  /** What callers may do; undefined: everything. */
  readonly rules: readonly CallerRule[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Names of the LPAR or guest that this process runs in; it is never stopped from here. */
  readonly selfNames: readonly string[];
  readonly limits: ComputeLimits;
  /** Told whenever the number of unfinished operations of all workers changes, for back-pressure. */
  onLoad?(unfinished: number): void;
}

export interface ComputeLimits {
  /** How long others wait for a worker that says nothing. */
  readonly leaseMs: number;
  /** Unfinished operations of all workers, above which nothing more is taken. */
  readonly maxAccepted: number;
  readonly maxConcurrentPerEndpoint: number;
  readonly startWithinMs: number;
  readonly keepMs: number;
  readonly readTimeoutMs: number;
  readonly resolveTimeoutMs: number;
  readonly reconcileTimeoutMs: number;
}

const PRUNE_INTERVAL_MS = 3_600_000;

/** The compute service without its edges: everything between the contract and the drivers. */
export class ComputeService implements RequestGateway, EventSight {
  readonly #options: ComputeServiceOptions;
  readonly #gateway: Gateway;
  readonly #rules: CallerRules;
  readonly #runner: OperationRunner;
  readonly #operations: Operations;
  readonly #lease: WorkerLease;
  readonly #takeover: Takeover;
  readonly #notes: MachineNotes;
  readonly #hosts: readonly OpenHost[];
  readonly #closers: readonly (() => Promise<void>)[];
  readonly #life = new AbortController();
  #isWorking = false;
  #isLooking = false;
  /** Unfinished operations of the other workers, as last counted. */
  #elsewhere = 0;

  /** Opens every host, without traffic. @throws ComputeError CONFIG_INVALID for a driver that does not exist */
  constructor(options: ComputeServiceOptions) {
    this.#options = options;
    const { clock, log, limits, journal, machines, instances, observer = noObserver } = options;
    const ports = driverPorts(options);
    this.#hosts = options.hosts.map((host) => openHost(host, options));
    const connections = options.powerTypes.map((type) => ({ type, connection: type.open(ports) }));
    const controllers = new ControllerLimits();
    this.#notes = new MachineNotes(machines, log);
    const notes = this.#notes;
    const router = new Router(
      new Map(this.#hosts.map((host) => [host.name, host])),
      new Map(connections.map(({ type, connection }) => [type.name, { ...connection, type }])),
      {
        children: {
          journal,
          clock,
          operations: {
            accept: (parent, fence, child, requestKey) =>
              this.#operations.acceptChild(parent, fence, child, requestKey),
            cancel: (id) => this.#operations.control(id, 'cancel'),
          },
        },
        machines,
        notes,
        instances,
        told: new FirstTold(options.fingerprint),
        limits: controllers,
      },
    );
    const hosts = this.#hosts.map(({ name }) => name);
    this.#lease = new WorkerLease({
      registry: options.workers,
      clock,
      log,
      server: options.server,
      hosts,
      leaseMs: limits.leaseMs,
    });
    this.#runner = new OperationRunner({
      journal,
      lease: this.#lease,
      clock,
      log,
      events: options.events,
      audit: options.audit,
      observer,
      onLoad: () => this.#tellLoad(),
      onSettled: (record) => void this.#operations.preempt(record),
      onUntold: (record) => void this.#operations.replyLate(record),
      maxConcurrentPerEndpoint: limits.maxConcurrentPerEndpoint,
      reconcileTimeoutMs: limits.reconcileTimeoutMs,
    });
    this.#operations = new Operations(router, this.#runner, {
      journal,
      lease: this.#lease,
      signals: options.signals,
      clock,
      log,
      fingerprint: options.fingerprint,
      replies: options.replies,
      audit: options.audit,
      targets: new TargetFinder({
        clock,
        log,
        observer,
        resolveTimeoutMs: limits.resolveTimeoutMs,
        planTimeoutMs: limits.readTimeoutMs,
      }),
      isFull: () => this.#unfinished >= limits.maxAccepted,
      startWithinMs: limits.startWithinMs,
    });
    this.#takeover = new Takeover({
      journal,
      registry: options.workers,
      clock,
      log,
      hosts,
      self: () => this.#lease.id,
      forsakenBefore: () => clock.now() - limits.startWithinMs - limits.reconcileTimeoutMs,
      has: (id) => this.#runner.has(id) || this.#operations.isAccepting(id),
      hostsOf,
      takeUp: (record) => this.#operations.takeUp(record),
      onPassedOn: () => options.signals.send({ kind: 'orphans' }),
      control: (id, control) => this.#runner.control(id, control),
      onCount: (workers, unfinished) => {
        const alike = workers.filter((worker) => worker.hosts.some((host) => hosts.includes(host)));
        this.#runner.shareWith(Math.max(1, alike.length));
        router.otherWorkers = workers;
        this.#elsewhere = Math.max(0, unfinished - this.#runner.load);
        this.#tellLoad();
      },
    });
    options.signals.onSignal((signal) => {
      if (signal.kind === 'control') this.#runner.control(signal.operationId, signal.control);
      else if (this.#isWorking) void this.#adopt();
    });
    this.#rules = new CallerRules(options.rules);
    this.#gateway = new Gateway({
      rules: this.#rules,
      machines,
      audit: options.audit,
      operations: this.#operations,
      reads: new Reads(router, { clock, log, observer, timeoutMs: limits.readTimeoutMs }),
      sweep: new PowerSweep({
        router,
        store: machines,
        notes,
        limits: controllers,
        events: options.events,
        observer,
        clock,
        log,
      }),
      service: serviceMethods({
        server: options.server,
        matrix: options,
        looking: { clock, log, timeoutMs: options.limits.readTimeoutMs },
        router,
        operations: this.#operations,
        journal,
        machines,
        instances,
        consoles: new Consoles({ router, clock, log, observer, timeoutMs: limits.readTimeoutMs }),
        migrations: new MigrationControls({
          router,
          operations: this.#operations,
          journal,
          clock,
          log,
          resolveTimeoutMs: limits.resolveTimeoutMs,
        }),
      }),
    });
    this.#closers = [
      ...this.#hosts.map(
        ({ host }) =>
          () =>
            host.close(),
      ),
      ...connections.map(
        ({ connection }) =>
          () =>
            connection.close(),
      ),
    ];
  }

  handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    return this.#gateway.handle(method, params, meta);
  }

  /** May this caller know of an event? It may when `operation.list` shows it what happens there. */
  sees(caller: string, { place }: ServiceEvent): boolean {
    if (!this.#rules.areGiven) return true;
    return place !== undefined && this.#rules.refusal(caller, 'operation.list', place) === undefined;
  }

  /** Unfinished operations of this process. */
  get load(): number {
    return this.#runner.load;
  }

  /** Joins the workers, takes up what nobody living owns, and keeps the journal short from then on. */
  async start(): Promise<void> {
    await this.#lease.start({
      onRenewed: (isSteady) => this.#look(isSteady),
      onLost: () => this.#runner.abandonAll(),
    });
    await this.#takeover.look(false);
    this.#isWorking = true;
    if (this.load > 0) this.#options.log.info(`${this.load} operations of before are taken up`);
    void this.#prune();
  }

  /** Lets what runs end for so long, and leaves the rest to the other workers, or to the next start. */
  async finish(limitMs: number): Promise<void> {
    const { log, signals } = this.#options;
    const wasWorking = this.#isWorking;
    this.#isWorking = false;
    this.#life.abort();
    this.#operations.stop();
    this.#takeover.stop();
    const { left, inFlight } = await this.#runner.stop(limitMs);
    if (left > 0) log.warn(`${left} operations are left to others, or to the next start`);
    if (!wasWorking) return;
    try {
      await this.#lease.stop(inFlight);
      if (left > 0) signals.send({ kind: 'orphans' });
    } catch (error) {
      log.warn('this worker could not be signed off; its lease has to run out', { err: error });
    }
  }

  /** Gives back what the hosts hold, and has what was seen written down. Nothing may be asked afterwards. */
  async close(): Promise<void> {
    this.#life.abort();
    const closed = await Promise.allSettled(this.#closers.map((close) => close()));
    for (const result of closed) {
      if (result.status === 'rejected') this.#options.log.warn('a host did not close', { err: result.reason });
    }
    await this.#notes.settled();
  }

  /** Of all workers, as far as known. */
  get #unfinished(): number {
    return this.#runner.load + this.#elsewhere;
  }

  #tellLoad(): void {
    this.#options.onLoad?.(this.#unfinished);
  }

  /** Takes as long as the database does, and holds up no renewal; one at a time. */
  async #look(isSteady: boolean): Promise<void> {
    if (this.#life.signal.aborted || this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#takeover.look(isSteady);
    } catch (error) {
      this.#options.log.warn('what other workers left could not be looked for', { err: error });
    } finally {
      this.#isLooking = false;
    }
  }

  async #adopt(): Promise<void> {
    try {
      await this.#takeover.adopt();
    } catch (error) {
      this.#options.log.warn('what other workers left could not be taken over yet', { err: error });
    }
  }

  async #prune(): Promise<void> {
    const { journal, clock, limits, log } = this.#options;
    while (!this.#life.signal.aborted) {
      try {
        const gone = await journal.prune({ olderThanMs: limits.keepMs, now: clock.now() });
        if (gone > 0) log.info(`${gone} old outcomes were removed from the journal`);
        await clock.sleep(PRUNE_INTERVAL_MS, this.#life.signal);
      } catch (error) {
        if (this.#life.signal.aborted) return;
        log.warn('old outcomes could not be removed', { err: error });
        await clock.sleep(PRUNE_INTERVAL_MS, this.#life.signal).catch(() => undefined);
      }
    }
  }
}

function openHost(host: HostOptions, options: ComputeServiceOptions): OpenHost {
  const driver = options.drivers.find(({ name }) => name === host.driver);
  if (driver === undefined) {
    const known = options.drivers.map(({ name }) => name).join(', ');
    throw new ComputeError(
      'CONFIG_INVALID',
      `hosts.${host.name}.driver: there is no driver ${host.driver}; there are ${known}`,
    );
  }
  const manage = host.manage ?? (driver.managesByDefault === 'everything' ? ['*'] : []);
  const { clock, events, log, selfNames } = options;
  return {
    name: host.name,
    driver,
    host: driver.open(host.name, host.settings, {
      ...driverPorts(options),
      log: log.child({ host: host.name }),
      onState: stateNews(host.name, events, clock),
    }),
    rails: new GuardRails(host.name, { manage, protect: host.protect, self: host.protectSelf ? selfNames : [] }),
    manage,
    protect: host.protect,
  };
}

/** What drivers and power types are given alike. */
function driverPorts(options: ComputeServiceOptions): DriverPorts {
  const { clock, log, breakers, seeds = null, consoles = null, images } = options;
  return { clock, log, breakers, seeds, consoles, images };
}
