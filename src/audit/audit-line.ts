import { isoTime } from '../common/clock.js';
import { redact } from '../common/secret.js';
import type { AuditFact } from '../compute/contract/index.js';

/** Names may come from anybody, in any length. */
const MAX_TEXT = 512;

/** A fact in the words of the wire, bounded and without secrets. */
export function auditFields(fact: AuditFact, server: string): Record<string, string | null> {
  const fields = {
    event: fact.event,
    server,
    requested_by: fact.requestedBy,
    method: fact.method,
    driver: fact.driver,
    host: fact.host,
    name: fact.name,
    target: fact.target,
    operation_id: fact.operationId,
    idempotency_key: fact.idempotencyKey,
    correlation_id: fact.correlationId,
    outcome: fact.outcome,
    code: fact.code,
  };
  const bounded = Object.entries(fields).map(([name, text]) => [name, text === null ? null : text.slice(0, MAX_TEXT)]);
  return redact(Object.fromEntries(bounded)) as Record<string, string | null>;
}

/** One line of JSON, which can neither be broken nor steer a terminal: whatever is no plain character is escaped. */
export function auditLine(fact: AuditFact, server: string, at: number): string {
  const json = JSON.stringify({ time: isoTime(at), ...auditFields(fact, server) });
  const escaped = json.replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}
