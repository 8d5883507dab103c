/** What some callers may, or may not. All that is said must be true of a request for the rule to apply. */
export interface CallerRule {
  /** Names or patterns with `*` of `requested_by`. */
  readonly callers: readonly string[];
  /** Wire names or patterns: `power.*`, `compute.get_*`. */
  readonly methods: readonly string[];
  /** With one of these three, the rule applies to requests only that name one of these hosts, power types or machines. */
  readonly hosts: readonly string[] | undefined;
  readonly powerTypes: readonly string[] | undefined;
  /** Registered machines. */
  readonly machines?: readonly string[] | undefined;
  readonly action: 'allow' | 'deny';
}
