import type { Outgoing, OutgoingRequest, RequestUnderWay } from '../common/outgoing.js';
import type { TraceContext } from '../common/trace-context.js';
import type { AttemptWatch, ObservedAttempt, ObservedPlace, Observer, SweepWatch } from '../compute/contract/index.js';
import type { Metrics } from './metrics.js';
import type { Places } from './places.js';
import type { Span, Tracer } from './tracer.js';

export interface DriverObserverParts {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly places: Places;
}

/** Metrics and traces of what is asked of drivers, and of what these ask of backends. */
export class DriverObserver implements Observer {
  constructor(private readonly parts: DriverObserverParts) {}

  read(place: ObservedPlace): Outgoing {
    return new ObservedRequests(this.parts, place, () => place.trace ?? undefined);
  }

  attempt(attempt: ObservedAttempt): AttemptWatch {
    return new Attempt(this.parts, attempt);
  }

  sweep(place: ObservedPlace): SweepWatch {
    const { metrics, tracer, places } = this.parts;
    const { driver } = places.of(place.host, place.driver);
    const span = tracer.start(`sweep ${driver}`, 'internal', place.trace ?? undefined, { 'zenova.driver': driver });
    const began = performance.now();
    return {
      outgoing: new ObservedRequests(this.parts, place, () => span.trace),
      end: (codes) => {
        metrics.sweepSeconds.observe({ driver }, (performance.now() - began) / 1000);
        for (const [code, count] of counted(codes)) metrics.sweptMachines.inc({ driver, code }, count);
        span.set({ 'zenova.machines': codes.length });
        span.end();
      },
    };
  }
}

/** An operation under way: a span for the attempt, one for each of its steps, one for each request of a step. */
class Attempt implements AttemptWatch {
  readonly outgoing: Outgoing;
  readonly #parts: DriverObserverParts;
  readonly #driver: string;
  readonly #span: Span;
  #step: { readonly name: string; readonly span: Span; readonly began: number } | undefined;

  constructor(parts: DriverObserverParts, attempt: ObservedAttempt) {
    const { host, driver, method, operationId, fence, trace } = attempt;
    this.#parts = parts;
    this.#driver = parts.places.of(host, driver).driver;
    this.#span = parts.tracer.start(`operation ${method}`, 'internal', trace ?? undefined, {
      'zenova.operation_id': operationId,
      'zenova.method': method,
      'zenova.driver': driver,
      'zenova.host': host ?? undefined,
      'zenova.fence': fence,
    });
    this.outgoing = new ObservedRequests(parts, attempt, () => (this.#step?.span ?? this.#span).trace);
  }

  step(name: string): void {
    this.#endStep();
    const span = this.#parts.tracer.start(`step ${name}`, 'internal', this.#span.trace, { 'zenova.step': name });
    this.#step = { name, span, began: performance.now() };
  }

  end(failure?: string): void {
    this.#endStep(failure);
    this.#span.end(failure);
  }

  #endStep(failure?: string): void {
    if (this.#step === undefined) return;
    const { name, span, began } = this.#step;
    this.#step = undefined;
    span.end(failure);
    const labels = { driver: this.#driver, step: name };
    this.#parts.metrics.stepSeconds.observe(labels, (performance.now() - began) / 1000);
  }
}

class ObservedRequests implements Outgoing {
  readonly #parts: DriverObserverParts;
  readonly #place: { readonly driver: string; readonly host: string };
  readonly #parent: () => TraceContext | undefined;

  constructor(parts: DriverObserverParts, { host, driver }: ObservedPlace, parent: () => TraceContext | undefined) {
    this.#parts = parts;
    this.#place = parts.places.of(host, driver);
    this.#parent = parent;
  }

  begin({ method, host, port }: OutgoingRequest): RequestUnderWay {
    const { metrics, tracer } = this.#parts;
    const began = performance.now();
    const span = tracer.start(method, 'client', this.#parent(), {
      'http.request.method': method,
      'server.address': host,
      'server.port': port,
    });
    return {
      headers: { ...span.trace },
      end: (outcome) => {
        const isStatus = typeof outcome === 'number';
        metrics.backendRequests.inc({ ...this.#place, outcome: outcomeLabel(outcome) });
        metrics.backendSeconds.observe(this.#place, (performance.now() - began) / 1000);
        if (isStatus && outcome !== 0) span.set({ 'http.response.status_code': outcome });
        span.end(isStatus ? (outcome < 400 ? undefined : String(outcome)) : outcome);
      },
    };
  }
}

function outcomeLabel(outcome: number | string): string {
  if (outcome === 0) return 'good';
  return typeof outcome === 'number' ? `${Math.floor(outcome / 100)}xx` : outcome;
}

function counted(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
