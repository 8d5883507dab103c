import { uuidv7 } from 'uuidv7';
import { isoTime } from '../common/clock.js';

/** A CloudEvent 1.0 in structured JSON. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
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
  /** JSON-safe. */
  readonly data: object;
}

export function cloudEvent({ server, type, subject, at, data }: CloudEventParts): CloudEvent {
  return {
    specversion: '1.0',
    id: uuidv7(),
    source: `/zenova/${encodeURIComponent(server)}`,
    type,
    subject,
    time: isoTime(at),
    datacontenttype: 'application/json',
    data,
  };
}
