import { uuidv7 } from 'uuidv7';
import { isoTime } from '../common/clock.js';
import type { TraceContext } from '../common/trace-context.js';

/** A CloudEvent 1.0 in structured JSON. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Of the extension for distributed tracing. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly data: object;
}

export const CLOUD_EVENT_CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

export interface CloudEventParts {
  /** Name of the service that says it. */
  readonly server: string;
  readonly type: string;
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly trace?: TraceContext | null | undefined;
  /** JSON-safe. */
  readonly data: object;
}

export function cloudEvent({ server, type, subject, at, trace, data }: CloudEventParts): CloudEvent {
  return {
    specversion: '1.0',
    id: uuidv7(),
    source: `/zenova/${encodeURIComponent(server)}`,
    type,
    subject,
    time: isoTime(at),
    datacontenttype: 'application/json',
    ...trace,
    data,
  };
}
