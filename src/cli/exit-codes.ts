/** What a shell learns from the command line; the help text lists them. */
export const EXIT = {
  ok: 0,
  /** The service, or the device behind it, answered with an error, or a test found something wrong. */
  failed: 1,
  /** Wrong usage or configuration; nothing was sent. */
  usage: 2,
  /** No broker, no service, or no answer. */
  unreachable: 3,
  /** `db migrate --dry-run`: there are steps to take. */
  pending: 4,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
