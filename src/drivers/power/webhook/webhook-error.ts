import type { HttpFailure } from '../../../connectors/http/index.js';

/**
 * What went wrong with a request:
 * - `wire`: no answer;
 * - `refused`: an answer that says no, or a redirect that is not followed;
 * - `unreadable`: an answer whose content is not what was asked for.
 */
export type WebhookErrorKind = 'wire' | 'refused' | 'unreadable';

export interface WebhookErrorFacts {
  readonly kind: WebhookErrorKind;
  /** Did the request switch something, if it was carried out? */
  readonly changes: boolean;
  /** Where it went, fit to be shown. */
  readonly where: string;
  readonly text: string;
  readonly status?: number;
  readonly failure?: HttpFailure;
}

/** A request that failed. Its text is scrubbed and bounded. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly kind: WebhookErrorKind;
  readonly changes: boolean;
  readonly where: string;
  readonly status: number | undefined;
  readonly failure: HttpFailure | undefined;

  constructor({ kind, changes, where, text, status, failure }: WebhookErrorFacts) {
    super(text);
    this.kind = kind;
    this.changes = changes;
    this.where = where;
    this.status = status;
    this.failure = failure;
  }

  /**
   * May the machine have been switched nevertheless? A status from 400 to 499 and a permanent redirect say no; a 302 comes
   * before the page to look at next as often as in place of the work, and a 5xx also from what stands between.
   */
  get mayHaveRun(): boolean {
    if (!this.changes) return false;
    if (this.kind === 'wire') return this.failure?.sent === 'perhaps';
    const { status = 0 } = this;
    return status === 302 || status >= 500;
  }

  /** Would the same question asked later perhaps be answered? */
  get isTransient(): boolean {
    if (this.kind === 'wire') return this.failure?.kind !== 'untrusted' && this.failure?.kind !== 'closed';
    const { status = 0 } = this;
    return this.kind === 'unreadable' || status === 408 || status === 429 || status >= 500;
  }
}
