import type { z } from 'zod';

/**
 * How a method is carried out:
 * - `service`: the service answers it by itself;
 * - `control`: acts at once, on an operation that waits or runs or on the service itself, or opens something for who asks,
 *   and never queues;
 * - `read`: asks the backend, is not journalled, never waits for operations, and is shared with equal reads in flight;
 * - `change`: changes a device; journalled before it is acknowledged, one at a time per target.
 */
export type MethodKind = 'service' | 'control' | 'read' | 'change';

/** One RPC method: the single source for validation, types, documents, the typed client and the command line. */
export interface MethodDefinition<
  Kind extends MethodKind = MethodKind,
  Params extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
> {
  readonly kind: Kind;
  /** One sentence for help texts and documents. */
  readonly summary: string;
  readonly params: Params;
  readonly result: Result;
  /** What is sent before the result, when a request has `stream: true` and its envelope can (Nest's). */
  readonly progress?: z.ZodType;
  /** The operation of a driver that carries it out, in the driver contract's words, unless the service does by itself. */
  readonly operation?: string;
}

/** Keeps the literal types of a definition. */
export function defineMethod<Kind extends MethodKind, Params extends z.ZodType, Result extends z.ZodType, const Rest>(
  definition: MethodDefinition<Kind, Params, Result> & Rest,
): MethodDefinition<Kind, Params, Result> & Rest {
  return definition;
}
