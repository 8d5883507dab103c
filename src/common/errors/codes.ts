/**
 * Error codes are public API (DESIGN 4.1): callers branch on them, so a code is never renamed or reused.
 *
 * Each code carries what is usually true of it; a {@link ComputeError} may say otherwise for its case.
 */

/** May the same request be sent again? `after-reconcile`: only once the true state has been read. */
export const RETRIES = ['never', 'safe', 'after-reconcile'] as const;
export type Retry = (typeof RETRIES)[number];

/** What is known of the request's effect on the device. */
export const EFFECTS = ['not-started', 'not-applied', 'applied', 'unknown'] as const;
export type Effect = (typeof EFFECTS)[number];

/** Level an error is logged with where it ends. Expected refusals are not alarms. */
export type ErrorLogLevel = 'debug' | 'info' | 'warn' | 'error';

interface CodeDefaults {
  readonly retry: Retry;
  readonly outcome: Effect;
  readonly logLevel: ErrorLogLevel;
}

const request = { retry: 'never', outcome: 'not-started', logLevel: 'info' } as const satisfies CodeDefaults;
const access = { retry: 'never', outcome: 'not-started', logLevel: 'warn' } as const satisfies CodeDefaults;
const backend = { retry: 'safe', outcome: 'not-applied', logLevel: 'warn' } as const satisfies CodeDefaults;
const unclear = { retry: 'after-reconcile', outcome: 'unknown', logLevel: 'warn' } as const satisfies CodeDefaults;
const service = { retry: 'safe', outcome: 'not-started', logLevel: 'error' } as const satisfies CodeDefaults;

export const ERROR_CODES = {
  REQUEST_INVALID: request,
  INSTANCE_NOT_FOUND: request,
  RESOURCE_NOT_FOUND: request,
  AMBIGUOUS: request,
  STATE_CONFLICT: { ...request, outcome: 'not-applied' },
  ALREADY_EXISTS: request,
  CAPACITY_EXHAUSTED: { ...request, retry: 'safe', outcome: 'not-applied' },

  /** The configuration (`manage`, `protect`, the service's own LPAR) or a caller rule forbids it; `details.reason` says which. */
  FORBIDDEN: access,

  FEATURE_UNSUPPORTED: request,
  FEATURE_LIMITED: request,
  BACKEND_VERSION_UNSUPPORTED: request,

  BACKEND_AUTH_FAILED: access,
  BACKEND_FORBIDDEN: access,
  TLS_UNTRUSTED: access,
  HOST_KEY_MISMATCH: access,

  BACKEND_UNREACHABLE: { ...backend, outcome: 'not-started' },
  BACKEND_BUSY: backend,
  BACKEND_REJECTED: { ...backend, retry: 'never' },
  BACKEND_PROTOCOL: unclear,
  BACKEND_TIMEOUT: unclear,

  OPERATION_FAILED: { ...unclear, outcome: 'not-applied' },
  OPERATION_PARTIAL: unclear,
  OUTCOME_UNKNOWN: unclear,
  OPERATION_CANCELLED: { ...request, retry: 'safe' },
  DEADLINE_EXCEEDED: { ...request, retry: 'safe' },
  DUPLICATE_OPERATION: request,

  CONFIG_INVALID: { ...service, retry: 'never' },
  JOURNAL_UNAVAILABLE: service,
  SHUTTING_DOWN: { ...service, logLevel: 'info' },
  INTERNAL: { ...service, retry: 'after-reconcile', outcome: 'unknown' },
} as const satisfies Record<string, CodeDefaults>;

/** Stable error code, e.g. `INSTANCE_NOT_FOUND`. */
export type ErrorCode = keyof typeof ERROR_CODES;

export const ERROR_CODE_NAMES = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];
