/** Where a request acts, or an operation did, for the rules about callers. */
export interface Place {
  readonly host: string | null;
  readonly powerType: string | null;
  /** Name of the registered machine. */
  readonly machine?: string | null;
}
