/** Who asks, when neither the broker nor the request says so. */
export const ANONYMOUS = 'anonymous';

const CLAIMED = 'oslo:';

/**
 * The caller that the context of an oslo.messaging request names. Its sender writes there what it likes, so it is set apart
 * by a prefix that no RabbitMQ user needs to have.
 */
export function claimedCaller(name: string): string {
  return CLAIMED + name;
}

/** The caller who holds an HTTP token of the configuration. */
export function httpCaller(token: string): string {
  return `http:${token}`;
}

/** Is this caller, or this pattern of callers, one of those for whom the broker vouches? */
export function isVouched(caller: string): boolean {
  return caller !== ANONYMOUS && !caller.startsWith(CLAIMED);
}
