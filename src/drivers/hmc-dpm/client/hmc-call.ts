import type { JsonValue } from '../../../common/errors/index.js';
import type { Outgoing } from '../../../common/outgoing.js';
import type { Secret } from '../../../common/secret.js';
import type { HttpUpload } from '../../../connectors/http/index.js';

/** One request, without its session. */
export interface HmcCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly json?: JsonValue;
  /** A body that is not held in memory. */
  readonly upload?: HttpUpload;
  /** Media type of a text that is wanted in place of JSON. */
  readonly accept?: string;
  /** What the request holds that no text of ours may repeat. */
  readonly secrets?: readonly string[];
  /** For everything: a connection, a logon when one is needed, and the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** A POST whose answer names a job that it has begun. */
  readonly beginsJob?: boolean;
  /** A POST that only asks. */
  readonly isQuestion?: boolean;
  /** Does not wait for its turn among the requests under way. */
  readonly isUrgent?: boolean;
  /** Nobody asked for it: a session that is used for nothing else is idle. */
  readonly isUpkeep?: boolean;
  readonly outgoing?: Outgoing | undefined;
}

/** Whoever waits for a session. */
export type Waiting = Pick<HmcCall, 'signal' | 'outgoing'>;

/** What a logon gave for listening to the HMC's notifications. */
export interface Topics {
  readonly login: string;
  readonly passcode: Secret;
  readonly objects: string;
  readonly jobs: string;
}

export interface ApiVersion {
  readonly major: number;
  readonly minor: number;
}

/** Is it this version, or a later one? */
export function isAtLeast({ major, minor }: ApiVersion, wanted: readonly [major: number, minor: number]): boolean {
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}
