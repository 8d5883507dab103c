import { z } from 'zod';

/** How long and how often to wait for a backend. */
export interface Pacing {
  readonly requestTimeoutMs: number;
  /** The longest one operation may take. */
  readonly operationTimeoutMs: number;
  readonly poll: { readonly initialMs: number; readonly maxMs: number };
}

const milliseconds = (least: number, most: number) => z.int().min(least).max(most);

/**
 * The settings of a host that say so.
 *
 * @param defaults when a host says nothing
 * @param words what each is, for people who write the settings
 */
export function pacingFields(
  { requestTimeoutMs, operationTimeoutMs, poll }: Pacing,
  words: { readonly request: string; readonly operation: string; readonly poll: string },
) {
  return {
    request_timeout_ms: milliseconds(1000, 600_000).default(requestTimeoutMs).describe(words.request),
    operation_timeout_ms: milliseconds(1000, 24 * 3_600_000)
      .default(operationTimeoutMs)
      .describe(words.operation),
    poll: z
      .strictObject({
        initial_ms: milliseconds(50, 60_000).default(poll.initialMs).describe('first pause between two looks'),
        max_ms: milliseconds(50, 600_000).default(poll.maxMs).describe('the pauses grow up to this'),
      })
      .prefault({})
      .describe(words.poll),
  } as const;
}

/** What such settings say. */
export function pacingOf({
  request_timeout_ms: requestTimeoutMs,
  operation_timeout_ms: operationTimeoutMs,
  poll,
}: {
  readonly request_timeout_ms: number;
  readonly operation_timeout_ms: number;
  readonly poll: { readonly initial_ms: number; readonly max_ms: number };
}): Pacing {
  return { requestTimeoutMs, operationTimeoutMs, poll: { initialMs: poll.initial_ms, maxMs: poll.max_ms } };
}
