import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics, type OpenMetricsContentType } from 'prom-client';

/** From reading a value in memory to powering on a large LPAR, seconds. */
const LONG = { buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 1800] };
/** From a statement in memory to one that waits for a lock, seconds. */
const SHORT = { buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5] };

/** With an operation or a request to look at beside the numbers. */
const LONG_WITH_EXAMPLES = { ...LONG, enableExemplars: true };

const PLACE = ['driver', 'host'] as const;

/**
 * Every metric of the service. Labels have few values, all of them known when the service starts: methods, error codes,
 * drivers, and hosts of the configuration; never an instance, a machine, a caller or an id. What one request or operation
 * is, its exemplars tell.
 */
export class Metrics {
  readonly registry = openMetricsRegistry();

  readonly requests = this.#counter('requests', 'requests answered, by method and error code ("ok": none)', [
    'method',
    'code',
    ...PLACE,
  ]);
  readonly requestSeconds = this.#histogram(
    'request_seconds',
    'time from a request to its answer',
    ['method'],
    LONG_WITH_EXAMPLES,
  );
  readonly requestsRunning = this.#gauge('requests_running', 'requests not answered yet');

  readonly accepted = this.#counter('operations_accepted', 'operations written down', ['method', ...PLACE]);
  readonly ended = this.#counter(
    'operations_ended',
    'operations that have their outcome (done, already, failed, cancelled)',
    ['method', 'outcome', 'code', ...PLACE],
  );
  readonly takenUp = this.#counter(
    'operations_taken_up',
    'operations taken over from another worker, or from before a restart',
    ['method', ...PLACE],
  );
  readonly repeated = this.#counter('operations_repeated', 'repeats that were joined to their operation', ['method']);
  readonly refused = this.#counter('requests_refused', 'changes and forbidden requests that were not taken', [
    'method',
    'code',
  ]);
  readonly unfinished = this.#gauge('operations_unfinished', 'unfinished operations in the hands of this process');
  readonly waitSeconds = this.#histogram(
    'operation_wait_seconds',
    'time from acceptance to the first attempt; told at the end',
    PLACE,
    LONG_WITH_EXAMPLES,
  );
  readonly operationSeconds = this.#histogram(
    'operation_seconds',
    'time from acceptance to the outcome',
    ['method', ...PLACE],
    LONG_WITH_EXAMPLES,
  );
  readonly stepSeconds = this.#histogram(
    'step_seconds',
    'time that a step of an operation took, waiting for its effect included',
    ['driver', 'step'],
    LONG,
  );

  readonly sweepSeconds = this.#histogram(
    'sweep_seconds',
    'time that power.query_many took for the machines of one controller',
    ['driver'],
    LONG,
  );
  readonly sweptMachines = this.#counter(
    'swept_machines',
    'machines that power.query_many asked for, by error code ("ok": none)',
    ['driver', 'code'],
  );

  readonly journalSeconds = this.#histogram(
    'journal_seconds',
    'time that the journal took for a call: ok, refused (a rule of its own), unavailable (no answer)',
    ['call', 'outcome'],
    SHORT,
  );
  readonly leaseRenewals = this.#counter(
    'lease_renewals',
    'renewals of the lease of this worker: renewed, lost (it was struck off), error (the database did not answer)',
    ['outcome'],
  );

  readonly backendRequests = this.#counter(
    'backend_requests',
    'requests sent to backends, by status class or by why there was no answer',
    [...PLACE, 'outcome'],
  );
  readonly backendSeconds = this.#histogram(
    'backend_request_seconds',
    'time from a request to a backend to its answer, waiting for a connection included',
    PLACE,
    LONG,
  );
  readonly breakersOpen = this.#gauge(
    'breakers_open',
    'logons held back after a refusal, of all workers of the journal',
  );

  readonly brokerConnected = this.#gauge('broker_connected', 'whether every connection to the broker stands');
  readonly brokerBlocked = this.#gauge('broker_blocked', 'whether the broker takes no messages (memory or disk alarm)');
  readonly consumers = this.#gauge('consumers', 'queues that requests are taken from');
  readonly consumersAttached = this.#gauge('consumers_attached', 'those of them that have their consumer');
  readonly consumingPaused = this.#gauge(
    'consuming_paused',
    'whether nothing is taken since too many operations are unfinished',
  );
  readonly redelivered = this.#counter('requests_redelivered', 'messages that the broker had delivered before');
  readonly replies = this.#counter(
    'replies',
    'replies: confirmed, gone (their queue is missing), unconfirmed (the broker did not answer in time)',
    ['outcome'],
  );
  readonly deadLetters = this.#counter('dead_letters', 'messages that became dead letters', ['reason']);
  readonly eventsDropped = this.#counter('events_dropped', 'events lost while the broker was away');

  readonly seedRequests = this.#counter(
    'seed_requests',
    'requests to the listener for seeds: read, head (asked for and not read), unknown (nothing there), limited (one too many), unavailable (no database), broken (given up by the guest)',
    ['outcome'],
  );

  readonly started = this.#gauge('started', 'whether the journal is open and operations are carried out');
  readonly build = this.#gauge('build_info', 'always 1; what runs here', ['version', 'node', 'server']);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    // They name the classes of Node's own objects, and some of them are gauges with the ending of counters.
    for (const { name } of this.registry.getMetricsAsArray()) {
      if (name.startsWith('nodejs_active_')) this.registry.removeSingleMetric(name);
    }
    // A series that comes with its first event has not increased by it, and alerts look for increases.
    for (const outcome of ['renewed', 'lost', 'error']) this.leaseRenewals.inc({ outcome }, 0);
  }

  #counter<const L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name: `zenova_${name}_total`, help, labelNames, registers: [this.registry] });
  }

  #gauge<const L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name: `zenova_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram<const L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    { buckets, enableExemplars = false }: { readonly buckets: number[]; readonly enableExemplars?: boolean },
  ): Histogram<L> {
    const options = { help, labelNames, buckets, enableExemplars, registers: [this.registry] };
    return new Histogram({ name: `zenova_${name}`, ...options });
  }
}

function openMetricsRegistry(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}
