import { createHash } from 'node:crypto';
import type { ServiceEvent } from '../compute/contract/index.js';

/** Two names of this size, and what stands around them, stay below AMQP's 255 bytes for a routing key. */
const MAX_NAME_BYTES = 100;
const KEPT_BYTES = 80;

/** No host. A host of that very name is written `%5F`. */
const NO_HOST = '_';

/** The routing key of an event (DESIGN 4.1). */
export function eventKey(event: ServiceEvent): string {
  if (event.kind === 'operation') return `operation.${event.operation.method}.${event.operation.state}`;
  const host = event.host === null ? NO_HOST : event.host === NO_HOST ? '%5F' : keyPart(event.host);
  return `power.${host}.${keyPart(event.name)}.${keyPart(event.state)}`;
}

/**
 * A name as one word of a routing key: every UTF-8 byte outside `[A-Za-z0-9_-]` as `%XX`. A long one is cut and ends in
 * `~` and the beginning of its SHA-256, so that it is always the same word and never another name's.
 */
export function keyPart(name: string): string {
  let encoded = '';
  let kept = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const char = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    if (encoded.length <= KEPT_BYTES) kept = encoded;
  }
  if (encoded.length <= MAX_NAME_BYTES) return encoded;
  return `${kept}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}
