import { systemClock } from '../common/clock.js';
import { OperationSchema, type OperationView } from '../compute/contract/index.js';
import type { ReceivedEvent } from './event-subscription.js';

/** Names an operation in one way. */
export type OperationReference = { operation_id: string } | { idempotency_key: string } | { message_id: string };

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Events can be missed, so it is also asked for, this often. Default 5,000. */
  readonly pollMs?: number | undefined;
}

const POLL_WITHOUT_NEWS_MS = 1_000;
const FINAL_STATES: ReadonlySet<OperationView['state']> = new Set(['done', 'failed', 'cancelled']);

/** What can be learned of operations; the client's own `call` and `events`. */
export interface OperationNews {
  get(reference: OperationReference): Promise<OperationView>;
  events(bindings: readonly string[], onEvent: (event: ReceivedEvent) => void): Promise<() => Promise<void>>;
}

/** Follows an operation until it is over; see `ZenovaClient.watch`. */
export async function watchOperation(
  news: OperationNews,
  reference: OperationReference,
  onChange: (operation: OperationView) => void,
  { signal, pollMs = 5_000 }: WatchOptions,
): Promise<OperationView> {
  let latest = await news.get(reference);
  const { operation_id, method } = latest;
  let wake = new AbortController();
  const take = (operation: OperationView): void => {
    if (operation.operation_id !== operation_id || !isNewer(operation, latest)) return;
    latest = operation;
    onChange(operation);
    wake.abort();
  };
  onChange(latest);
  const end = await news
    .events([`operation.${method}.*`], ({ data }) => {
      const operation = OperationSchema.safeParse(data);
      if (operation.success) take(operation.data);
    })
    .catch((): undefined => undefined); // news is a convenience; asking is what tells
  try {
    while (!FINAL_STATES.has(latest.state)) {
      wake = new AbortController();
      take(await news.get({ operation_id }));
      const either = signal === undefined ? wake.signal : AbortSignal.any([wake.signal, signal]);
      await systemClock
        .sleep(end === undefined ? Math.min(pollMs, POLL_WITHOUT_NEWS_MS) : pollMs, either)
        .catch(() => signal?.throwIfAborted());
    }
    return latest;
  } finally {
    await end?.();
  }
}

/** Later in its life, or with other progress: an answer may be older than what an event has told since. */
function isNewer(operation: OperationView, known: OperationView): boolean {
  if (FINAL_STATES.has(known.state)) return false;
  if (operation.state !== known.state) return operation.state !== 'accepted';
  return (operation.progress?.at ?? '') > (known.progress?.at ?? '');
}
