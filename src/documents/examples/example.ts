import type { z } from 'zod';
import type { METHODS, MethodName, MethodProgress, MethodResult } from '../../compute/contract/index.js';

/** A request and its answer, for the documents. The estate that `npm start` simulates answers it so, or likewise. */
export type MethodExample<M extends MethodName> = {
  readonly params: z.input<(typeof METHODS)[M]['params']>;
  readonly result: MethodResult<M>;
} & ([MethodProgress<M>] extends [never] ? unknown : { readonly part: MethodProgress<M> });

/** Examples of some methods by name. */
export type Examples<M extends MethodName> = { readonly [Name in M]: MethodExample<Name> };

type Namespace<N extends string> = Extract<MethodName, `${N}.${string}`>;
/** Examples of every method of a namespace. */
export type ExamplesOf<N extends string> = Examples<Namespace<N>>;

export const EXAMPLE_TIME = '2026-11-20T09:00:00.000Z';
export const EXAMPLE_OPERATION_ID = '01990b1e-7c00-7000-8000-3c5d0e8a9b01';
/** Names the example of `power.on`, and finds its operation again. */
export const EXAMPLE_KEY = 'start-ubuntu01-20261120';
