/**
 * How old the state in an answer may be. It is a bound that a driver may always keep by asking its backend; one that is told of
 * changes need not ask while it knows better.
 */
export interface Freshness {
  /** 0: the backend is asked. */
  readonly maxAgeMs: number;
}
