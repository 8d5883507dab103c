import type { Log } from '../common/log.js';
import type { AuditLog, EventPublisher, Observer, RequestGateway } from '../compute/contract/index.js';
import type { Journal, WorkerRegistry } from '../journal/journal.port.js';
import { DriverObserver } from './driver-observer.js';
import { Metrics } from './metrics.js';
import { ObservedGateway } from './observed-gateway.js';
import { observedAudit, observedEvents, observedJournal, observedWorkers } from './observed-ports.js';
import type { OtlpOptions, OtlpTracer } from './otlp-tracer.js';
import { Places } from './places.js';
import { Scrape, type ScrapeSources } from './scrape.js';
import { passingTracer, type Tracer } from './tracer.js';

export interface ObservationOptions {
  readonly server: string;
  readonly version: string;
  /** Hosts of the configuration, with their drivers. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly powerTypes: readonly string[];
  /** Undefined: nothing is traced, and what callers trace is handed on. */
  readonly tracing: Pick<OtlpOptions, 'endpoint' | 'headers' | 'sample'> | undefined;
}

/** Metrics and traces of one service: it stands around the ports, so that what is behind them need not know. */
export class Observation {
  readonly observer: Observer;
  readonly #metrics = new Metrics();
  readonly #places: Places;
  readonly #tracer: Tracer;
  readonly #exporting: OtlpTracer | undefined;

  private constructor({ server, version, hosts, powerTypes }: ObservationOptions, exporting: OtlpTracer | undefined) {
    this.#places = new Places(hosts, powerTypes);
    this.#exporting = exporting;
    this.#tracer = exporting ?? passingTracer;
    this.observer = new DriverObserver({ metrics: this.#metrics, tracer: this.#tracer, places: this.#places });
    this.#metrics.build.set({ version, node: process.versions.node, server }, 1);
  }

  /** Loads OpenTelemetry for who traces: it takes a tenth of a second and 17 MB. */
  static async start(options: ObservationOptions, log: Log): Promise<Observation> {
    const { server, version, tracing } = options;
    if (tracing === undefined) return new Observation(options, undefined);
    const { OtlpTracer } = await import('./otlp-tracer.js');
    return new Observation(options, new OtlpTracer({ ...tracing, server, version }, log));
  }

  gateway(gateway: RequestGateway): RequestGateway {
    return new ObservedGateway({ gateway, metrics: this.#metrics, tracer: this.#tracer, places: this.#places });
  }

  audit(audit: AuditLog): AuditLog {
    return observedAudit(audit, this.#metrics, this.#places);
  }

  events(events: EventPublisher): EventPublisher {
    return observedEvents(events, this.#metrics, this.#places);
  }

  journal(journal: Journal): Journal {
    return observedJournal(journal, this.#metrics);
  }

  workers(workers: WorkerRegistry): WorkerRegistry {
    return observedWorkers(workers, this.#metrics);
  }

  scrape(sources: ScrapeSources): Scrape {
    return new Scrape(this.#metrics, sources);
  }

  /** Sends what is left of traces. Never fails. */
  async close(): Promise<void> {
    await this.#exporting?.close();
  }
}
