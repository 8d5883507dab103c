const DAY_MS = 86_400_000;

/**
 * When a message was sent, by its AMQP timestamp, which is whole seconds. One that lies in the future is a clock that is
 * fast, and must not lengthen a deadline; more than a day of it (milliseconds taken for seconds …) is no time at all.
 */
export function sentAt(timestampSeconds: number | undefined, now: number): number | null {
  if (timestampSeconds === undefined) return null;
  const at = timestampSeconds * 1000;
  return at > now + DAY_MS ? null : Math.min(at, now);
}
