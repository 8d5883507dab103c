import type { HttpFailure } from '../../../connectors/http/index.js';

/**
 * What went wrong with a request, in the HMC's words:
 * - `refused`: the HMC said no, with a status and mostly a reason;
 * - `html`: a web page instead of an answer (section 4: a broken console, or the API switched off);
 * - `unreadable`: an answer that is cut off, is not JSON, or is not what was asked for;
 * - `wire`: no answer;
 * - `held-back`: nothing was sent, because an earlier logon with this credential was refused;
 * - `closed`: nothing was sent, because the session was given back;
 * - `too-old`: the HMC does not have the operation.
 */
export type HmcErrorKind = 'refused' | 'html' | 'unreadable' | 'wire' | 'held-back' | 'closed' | 'too-old';

export interface HmcErrorFacts {
  readonly kind: HmcErrorKind;
  /** Did the request change something, if it was carried out? */
  readonly changes: boolean;
  readonly text: string;
  readonly status?: number;
  readonly reason?: number;
  readonly failure?: HttpFailure;
  /** Did it happen while logging on? */
  readonly isLogon?: boolean;
}

/** A request that failed. Its text is scrubbed and bounded. */
export class HmcError extends Error {
  override readonly name = 'HmcError';
  readonly kind: HmcErrorKind;
  readonly changes: boolean;
  readonly status: number | undefined;
  readonly reason: number | undefined;
  readonly failure: HttpFailure | undefined;
  readonly isLogon: boolean;
  readonly #facts: HmcErrorFacts;

  constructor(facts: HmcErrorFacts) {
    super(facts.text);
    this.#facts = facts;
    this.kind = facts.kind;
    this.changes = facts.changes;
    this.status = facts.status;
    this.reason = facts.reason;
    this.failure = facts.failure;
    this.isLogon = facts.isLogon ?? false;
  }

  /** Status and reason as IBM's book quotes them: "409,1". */
  get nativeCode(): string | undefined {
    return this.status === undefined
      ? undefined
      : `${this.status}${this.reason === undefined ? '' : `,${this.reason}`}`;
  }

  /** The same, as part of logging on. */
  duringLogon(): HmcError {
    return new HmcError({ ...this.#facts, isLogon: true });
  }

  is(status: number, ...reasons: number[]): boolean {
    return (
      this.kind === 'refused' &&
      this.status === status &&
      (reasons.length === 0 || (this.reason !== undefined && reasons.includes(this.reason)))
    );
  }

  /** The session is gone or was never there; the HMC executed nothing (hmc-dpm.md section 3). */
  get isSessionLost(): boolean {
    return !this.isLogon && this.is(403, 4, 5);
  }

  /** What was asked for does not exist, or is hidden; of a logon that is answered so, nothing was asked for yet. */
  get isNotThere(): boolean {
    return !this.isLogon && this.is(404);
  }

  /** The HMC is there and says that it cannot now, so nothing was executed. */
  get isBusy(): boolean {
    return this.is(503) || this.is(409, 2);
  }

  /** Does this alone say that the same request may go through in a moment? Whether it was carried out, {@link mayHaveRun} says. */
  get isPassing(): boolean {
    return this.isBusy || this.failure?.kind === 'unreachable' || this.failure?.kind === 'timeout';
  }

  /**
   * May the request have been carried out? A refusal, a 503 of the HMC, or a request that never left prove the contrary; a lost or
   * unreadable answer and any other 5xx prove nothing.
   */
  get mayHaveRun(): boolean {
    if (!this.changes || this.isLogon) return false;
    switch (this.kind) {
      case 'refused':
        // The support element looked at it and said no (hmc-dpm.md section 17).
        if (this.is(500, 263)) return false;
        // The HMC gives every 503 of its own a reason; one without comes from something in between, which may have
        // handed the request on.
        return this.status !== undefined && this.status >= 500 && !(this.status === 503 && this.reason !== undefined);
      case 'html':
      case 'unreadable':
        return true;
      case 'wire':
        return this.failure?.sent === 'perhaps';
      case 'held-back':
      case 'closed':
      case 'too-old':
        return false;
    }
  }

  /** Would the same question asked later perhaps be answered? */
  get isTransient(): boolean {
    switch (this.kind) {
      case 'refused':
        return this.isBusy || this.isSessionLost || (this.status !== undefined && this.status >= 500);
      case 'html':
      case 'unreadable':
        return true;
      case 'wire':
        return this.failure?.kind !== 'untrusted' && this.failure?.kind !== 'closed';
      case 'held-back':
      case 'closed':
      case 'too-old':
        return false;
    }
  }
}
