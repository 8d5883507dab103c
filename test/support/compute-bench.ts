import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../src/common/clock.js';
import { silentLog } from '../../src/common/log.js';
import { ComputeService, type ComputeLimits, type HostOptions } from '../../src/compute/compute.service.js';
import type {
  AnyPowerType,
  AnyVirtDriver,
  AuditFact,
  ConsoleOffers,
  Images,
  Observer,
  Outcome,
  ReplyAddress,
  RequestMeta,
  Seeds,
  ServiceEvent,
} from '../../src/compute/contract/index.js';
import { SeedOffers } from '../../src/first-boot/index.js';
import { ConsoleSockets, listeningUrl, SeedListener } from '../../src/http/index.js';
import { openJournal, type DatabaseOptions, type OpenJournal } from '../../src/journal/index.js';
import type { EvidenceByDriver } from '../../src/features/index.js';
import type { CallerRule } from '../../src/common/caller-rule.js';
import type { Journal, WorkerRegistry } from '../../src/journal/journal.port.js';
import type { MachineStore } from '../../src/journal/machine-store.port.js';

export interface ComputeBenchOptions {
  /** Default: bench. */
  readonly server?: string;
  readonly drivers: readonly AnyVirtDriver[];
  readonly powerTypes?: readonly AnyPowerType[];
  readonly evidence?: EvidenceByDriver;
  readonly hosts: readonly HostOptions[];
  readonly clock?: Clock;
  readonly limits?: Partial<ComputeLimits>;
  readonly maxPerTarget?: number;
  readonly selfNames?: readonly string[];
  /** Default: a file of its own. */
  readonly database?: DatabaseOptions;
  readonly keyFile?: string;
  readonly rules?: readonly CallerRule[];
  readonly observer?: Observer;
  readonly images?: Images;
  readonly consoles?: ConsoleOffers;
  /** Can guests read seeds over HTTP, from a listener of its own? */
  readonly hasSeeds?: boolean;
  /** Have consoles an address, at a server of its own? */
  readonly hasConsoles?: boolean;
  /** Puts something between the service and its journal. */
  readonly journal?: (journal: Journal) => Journal;
  /** Puts something between the service and its registered machines. */
  readonly machines?: (machines: MachineStore) => MachineStore;
  /** Puts something between the service and the other workers. */
  readonly workers?: (workers: WorkerRegistry) => WorkerRegistry;
}

/** The compute service between a real journal on disk and edges that only remember; it can be stopped and started again. */
export class ComputeBench {
  readonly events: ServiceEvent[] = [];
  readonly audited: AuditFact[] = [];
  readonly lateReplies: { to: ReplyAddress; outcome: Outcome }[] = [];
  /** Whoever was shown that its request is alive, and whether that has ended. */
  readonly shownLife: { readonly to: ReplyAddress; isOver: boolean }[] = [];
  readonly #options: ComputeBenchOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'zenova-bench-'));
  #opened: OpenJournal | undefined;
  #service: ComputeService | undefined;
  #seeds: SeedListener | undefined;
  #consoles: { readonly server: Server; readonly sockets: ConsoleSockets } | undefined;
  #requests = 0;

  private constructor(options: ComputeBenchOptions) {
    this.#options = options;
  }

  static async start(options: ComputeBenchOptions): Promise<ComputeBench> {
    const bench = new ComputeBench(options);
    await bench.start();
    return bench;
  }

  async start(): Promise<void> {
    const {
      clock = systemClock,
      limits,
      drivers,
      powerTypes = [],
      hosts,
      selfNames = [],
      maxPerTarget = 100,
      journal = (real) => real,
      machines = (real) => real,
      workers = (real) => real,
    } = this.#options;
    this.#opened = await openJournal(
      {
        database: this.#options.database ?? { file: join(this.#directory, 'journal.db') },
        keys: { key: null, keyFile: this.#options.keyFile ?? join(this.#directory, 'key'), previousKeys: [] },
        maxPerTarget,
      },
      { clock, log: silentLog },
    );
    const seeds = await this.#openSeeds(this.#opened, clock);
    this.#service = new ComputeService({
      server: this.#options.server ?? 'bench',
      hosts,
      drivers,
      powerTypes,
      version: '0.0.0',
      evidence: this.#options.evidence ?? new Map(),
      ...this.#opened,
      journal: journal(this.#opened.journal),
      machines: machines(this.#opened.machines),
      workers: workers(this.#opened.workers),
      events: { publish: (event) => void this.events.push(event) },
      replies: {
        send: (to, outcome) => Promise.resolve(void this.lateReplies.push({ to, outcome })),
        showLife: (to) => {
          const shown = { to, isOver: false };
          this.shownLife.push(shown);
          return () => void (shown.isOver = true);
        },
      },
      ...(this.#options.observer === undefined ? {} : { observer: this.#options.observer }),
      images: this.#options.images,
      seeds,
      consoles: this.#options.consoles ?? (await this.#openConsoles(clock)),
      audit: { write: (fact) => void this.audited.push(fact) },
      rules: this.#options.rules,
      clock,
      log: silentLog,
      selfNames,
      limits: {
        leaseMs: 30_000,
        maxAccepted: 10_000,
        maxConcurrentPerEndpoint: 16,
        startWithinMs: 600_000,
        keepMs: 86_400_000,
        readTimeoutMs: 60_000,
        resolveTimeoutMs: 10_000,
        reconcileTimeoutMs: 30 * 60_000,
        ...limits,
      },
    });
    await this.#service.start();
  }

  async #openSeeds({ seedStore }: OpenJournal, clock: Clock): Promise<Seeds | null> {
    if (this.#options.hasSeeds !== true) return null;
    this.#seeds = await SeedListener.start({ bind: '127.0.0.1', port: 0 }, seedStore, { clock, log: silentLog });
    return new SeedOffers(seedStore, `http://127.0.0.1:${this.#seeds.port}`);
  }

  async #openConsoles(clock: Clock): Promise<ConsoleOffers | null> {
    if (this.#options.hasConsoles !== true) return null;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = new ConsoleSockets(server, listeningUrl(server, '127.0.0.1'), { clock, log: silentLog });
    this.#consoles = { server, sockets };
    return sockets;
  }

  get service(): ComputeService {
    if (this.#service === undefined) throw new Error('the bench is stopped');
    return this.#service;
  }

  get opened(): OpenJournal {
    if (this.#opened === undefined) throw new Error('the bench is stopped');
    return this.#opened;
  }

  /** Ends the process, so to speak: what runs has so long, then it is left. */
  async stop(limitMs = 0): Promise<void> {
    await this.#service?.finish(limitMs);
    await this.#service?.close();
    await this.#seeds?.close();
    await this.#consoles?.sockets.close();
    this.#consoles?.server.close();
    await this.#opened?.close();
    this.#seeds = undefined;
    this.#consoles = undefined;
    this.#service = undefined;
    this.#opened = undefined;
  }

  /** Stops, and removes every file. */
  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  /** Sends a request as a transport would. */
  call(method: string, params: object, meta: Partial<RequestMeta> = {}): Promise<Record<string, unknown>> {
    this.#requests += 1;
    const requestId = `request-${this.#requests}`;
    return this.service.handle(method, params, {
      requestId,
      messageId: null,
      correlationId: requestId,
      requestedBy: 'tester',
      sentAt: null,
      replyTo: null,
      accepted: () => undefined,
      ...meta,
    }) as Promise<Record<string, unknown>>;
  }

  /** Sends a request whose answer nobody waits for. */
  send(method: string, params: object, meta: Partial<RequestMeta> = {}): void {
    this.call(method, params, meta).catch(() => undefined);
  }

  /** The states of an operation's events, in order. */
  statesOf(operationId: unknown): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'operation' && event.operation.operation_id === operationId ? [event.operation.state] : [],
    );
  }
}
