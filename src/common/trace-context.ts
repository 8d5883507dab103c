/**
 * A place in a trace, in the words of W3C Trace Context, as headers and events carry it. Whatever a caller sends here has been
 * looked at by {@link traceContextOf}; nothing of it is made up by this service unless it traces by itself.
 */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Version 00, as all later ones can be read too. An id of zeros is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=$|-)/;
const LONGEST_STATE = 512;

/** The trace that headers name; undefined when they name none, or nothing that can be one. */
export function traceContextOf(headers: unknown): TraceContext | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { traceparent, tracestate } = headers as { traceparent?: unknown; tracestate?: unknown };
  if (typeof traceparent !== 'string') return undefined;
  const read = TRACEPARENT.exec(traceparent)?.[0];
  if (read === undefined) return undefined;
  return isState(tracestate) ? { traceparent: read, tracestate } : { traceparent: read };
}

/** By which a trace is looked for. */
export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35);
}

function isState(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_STATE && /^[\x20-\x7e]+$/.test(value);
}
