/** How a command over there has ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly output: string;
  /** What it wrote to its standard error. */
  readonly complaint: string;
}
