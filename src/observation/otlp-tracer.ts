import {
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  TraceFlags,
  createTraceState,
  trace as api,
  type Context,
  type Span as OtelSpan,
  type SpanContext,
  type Tracer as OtelTracer,
} from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Log } from '../common/log.js';
import type { Secret } from '../common/secret.js';
import type { TraceContext } from '../common/trace-context.js';
import type { Span, SpanFields, SpanKind, Tracer } from './tracer.js';

export interface OtlpOptions {
  /** Base address of the collector; `/v1/traces` is added. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, Secret>>;
  /** Share of the traces that begin here which is kept; of those of callers, what they say. */
  readonly sample: number;
  readonly server: string;
  readonly version: string;
}

const EXPORT_TIMEOUT_MS = 10_000;
const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  internal: OtelKind.INTERNAL,
};

/**
 * Traces by OpenTelemetry, sent over OTLP/HTTP. Parents are handed over by hand: no context manager is registered, since one
 * would hook every promise of the service.
 */
export class OtlpTracer implements Tracer {
  readonly #provider: BasicTracerProvider;
  readonly #tracer: OtelTracer;

  constructor(options: OtlpOptions, log: Log) {
    const { endpoint, headers, sample, server, version } = options;
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
      timeoutMillis: EXPORT_TIMEOUT_MS,
    });
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.name': 'zenova',
        'service.version': version,
        'service.instance.id': server,
      }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sample) }),
      spanProcessors: [
        new BatchSpanProcessor(new TellingExporter(exporter, log), {
          scheduledDelayMillis: 1000,
          exportTimeoutMillis: EXPORT_TIMEOUT_MS,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('zenova', version);
  }

  start(name: string, kind: SpanKind, parent: TraceContext | undefined, fields: SpanFields): Span {
    const options = { kind: KINDS[kind], attributes: { ...fields } };
    return new StartedSpan(this.#tracer.startSpan(name, options, contextOf(parent)));
  }

  /** Sends what is left, as far as somebody takes it. Never fails. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => undefined);
  }
}

class StartedSpan implements Span {
  readonly trace: TraceContext;

  constructor(private readonly span: OtelSpan) {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    const tracestate = traceState?.serialize();
    this.trace = tracestate === undefined || tracestate === '' ? { traceparent } : { traceparent, tracestate };
  }

  set(fields: SpanFields): void {
    this.span.setAttributes({ ...fields });
  }

  end(failure?: string): void {
    if (failure !== undefined) this.span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    this.span.end();
  }
}

function contextOf(parent: TraceContext | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = '00'] = parent.traceparent.split('-');
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(parent.tracestate === undefined ? {} : { traceState: createTraceState(parent.tracestate) }),
  };
  return api.setSpanContext(ROOT_CONTEXT, context);
}

/** Says in the log that spans get lost: at once, and then seldom. */
class TellingExporter implements SpanExporter {
  #lost = 0;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly log: Log,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.FAILED) this.#tell(spans.length, result.error);
      else this.#lost = 0;
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  #tell(spans: number, error: Error | undefined): void {
    const before = this.#lost;
    this.#lost += spans;
    if (before > 0 && String(before).length === String(this.#lost).length) return;
    this.log.warn('spans could not be sent to the collector', { lost: this.#lost, reason: error?.message });
  }
}
