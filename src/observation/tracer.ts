import type { TraceContext } from '../common/trace-context.js';

export type SpanKind = 'server' | 'client' | 'internal';
export type SpanFields = Readonly<Record<string, string | number | undefined>>;

/** A part of a trace that is under way. */
export interface Span {
  /** By which others continue the trace; undefined when there is none. */
  readonly trace: TraceContext | undefined;
  set(fields: SpanFields): void;
  /** @param failure why it failed, in a word */
  end(failure?: string): void;
}

export interface Tracer {
  /** @param parent where the trace comes from; without one a new trace begins */
  start(name: string, kind: SpanKind, parent: TraceContext | undefined, fields: SpanFields): Span;
}

class PassedSpan implements Span {
  constructor(readonly trace: TraceContext | undefined) {}
  set(): void {}
  end(): void {}
}

const NO_SPAN: Span = new PassedSpan(undefined);

/** Traces nothing, and hands on what others trace. */
export const passingTracer: Tracer = {
  start: (_name, _kind, parent) => (parent === undefined ? NO_SPAN : new PassedSpan(parent)),
};
