import { toComputeError, type JsonValue } from '../common/errors/index.js';
import { traceIdOf, type TraceContext } from '../common/trace-context.js';
import type { RequestGateway, RequestMeta } from '../compute/contract/index.js';
import type { Metrics } from './metrics.js';
import type { Places } from './places.js';
import type { Span, Tracer } from './tracer.js';

export interface ObservedGatewayParts {
  readonly gateway: RequestGateway;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly places: Places;
}

/** The way in, counted, timed and traced, whichever transport a request comes by. */
export class ObservedGateway implements RequestGateway {
  #running = 0;

  constructor(private readonly parts: ObservedGatewayParts) {
    parts.metrics.requestsRunning.set(0);
  }

  async handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    const { gateway, metrics, tracer, places } = this.parts;
    const known = places.method(method);
    const place = places.of(textOf(params, 'host'), textOf(params, 'power_type'));
    const span = tracer.start(known, 'server', meta.trace, {
      'zenova.method': known,
      'zenova.host': place.host,
      'zenova.driver': place.driver,
      'zenova.correlation_id': meta.correlationId,
    });
    if (span.trace !== undefined) meta.traced?.(span.trace);
    const began = performance.now();
    metrics.requestsRunning.set(++this.#running);
    let code = 'ok';
    let operationId: string | null = null;
    try {
      const answer = await gateway.handle(method, params, { ...meta, trace: span.trace });
      operationId = textOf(answer, 'operation_id');
      return answer;
    } catch (error) {
      const failure = toComputeError(error);
      code = failure.code;
      operationId = failure.operationId ?? null;
      throw failure;
    } finally {
      metrics.requestsRunning.set(--this.#running);
      metrics.requests.inc({ method: known, code, ...place });
      metrics.requestSeconds.observe({
        labels: { method: known },
        value: (performance.now() - began) / 1000,
        exemplarLabels: exemplar(operationId, span.trace),
      });
      end(span, code, operationId);
    }
  }
}

/** By which one request or operation is found from a histogram. */
export function exemplar(operationId: string | null, trace: TraceContext | null | undefined): Record<string, string> {
  return {
    ...(operationId === null ? {} : { operation_id: operationId }),
    ...(trace === null || trace === undefined ? {} : { trace_id: traceIdOf(trace) }),
  };
}

function end(span: Span, code: string, operationId: string | null): void {
  if (operationId !== null) span.set({ 'zenova.operation_id': operationId });
  span.end(code === 'ok' ? undefined : code);
}

function textOf(value: unknown, field: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const text: unknown = (value as Record<string, unknown>)[field];
  return typeof text === 'string' ? text : null;
}
