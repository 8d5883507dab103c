/**
 * - `accepted`: a change was written down and will be carried out;
 * - `taken_up`: a change that another process accepted, or this one without learning of it, is carried on here; the first
 *   fact of a change whose process died before it could tell that it was accepted;
 * - `repeated`: a request was sent again and gets the outcome of the first;
 * - `ended`: a change has its outcome;
 * - `control`: something was asked that acts at once: a cancellation, a further logon;
 * - `refused`: a request that changes something, or that the caller rules forbid, was not taken.
 */
export type AuditEvent = 'accepted' | 'taken_up' | 'repeated' | 'ended' | 'control' | 'refused';

/** Who did what to which. No parameters and no secrets. */
export interface AuditFact {
  readonly event: AuditEvent;
  readonly requestedBy: string;
  readonly method: string;
  /** Virt driver or power type. */
  readonly driver: string | null;
  readonly host: string | null;
  /** Instance or machine, as the caller named it. */
  readonly name: string | null;
  readonly target: string | null;
  readonly operationId: string | null;
  readonly idempotencyKey: string | null;
  readonly correlationId: string | null;
  /** How a change ended: `done`, `already`, `failed` or `cancelled`. */
  readonly outcome: string | null;
  /** Of the error, when there is one. */
  readonly code: string | null;
}

/** Where facts are kept for those who ask later who did it. Never fails, never waits. */
export interface AuditLog {
  write(fact: AuditFact): void;
}
