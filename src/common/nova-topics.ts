/**
 * Topics of Nova's own services, those of earlier releases and its notifications included. A queue's name is global in a
 * virtual host, whatever its exchange: who consumes `compute` there takes half of what nova-compute is sent.
 */
const NOVA_TOPICS: ReadonlySet<string> = new Set([
  'compute',
  'conductor',
  'scheduler',
  'cells',
  'cert',
  'console',
  'consoleauth',
  'network',
  'notifications',
  'versioned_notifications',
]);

export function isNovaTopic(topic: string): boolean {
  return NOVA_TOPICS.has(topic);
}

/** Without a dot, so that `<topic>.<server>` of one topic is never the queue of another. */
export const TOPIC_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
