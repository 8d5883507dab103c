/** An AMQP reply code in an error that amqplib made of a channel or connection closed by the broker; undefined for others. */
export function replyCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}
