/**
 * Remembers refused logons, since repeated refusals lock users out (hmc-dpm.md section 3). A breaker belongs to an
 * endpoint, a user and a credential: another credential is tried, the refused one is not, until somebody says so.
 */
export interface BreakerStore {
  /** Why logons with this credential are held back; undefined when they are not. */
  find(key: BreakerKey): Promise<OpenBreaker | undefined>;
  open(key: BreakerKey, reason: string): Promise<void>;
  /** Closes every breaker of an endpoint and user; tells whether there was one. */
  close(key: Omit<BreakerKey, 'credential'>): Promise<boolean>;
}

export interface BreakerKey {
  /** Normalised address of the endpoint. */
  readonly endpoint: string;
  readonly user: string;
  /** Fingerprint of the credential; never the credential. */
  readonly credential: string;
}

export interface OpenBreaker {
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
}
