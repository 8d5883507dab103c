import { z } from 'zod';
import { WireErrorSchema } from '../../../common/errors/index.js';
import { NameSchema, TimeSchema } from '../fields.js';
import { defineMethod } from '../method.js';

export const OPERATION_STATES = ['accepted', 'running', 'done', 'failed', 'cancelled'] as const;

export const ProgressSchema = z.object({
  message: z.string(),
  percent: z.number().min(0).max(100).nullable(),
  at: TimeSchema,
});

/** An operation as callers see it, in answers and in events. */
export const OperationSchema = z.object({
  operation_id: z.string(),
  parent_operation_id: z.string().nullable().describe('the operation that it is a part of'),
  method: z.string(),
  state: z.enum(OPERATION_STATES),
  driver: z.string(),
  target: z.string(),
  host: z.string().nullable(),
  name: z.string().describe('instance or machine, as the caller named it'),
  requested_by: z.string(),
  idempotency_key: z.string(),
  message_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  accepted_at: TimeSchema,
  started_at: TimeSchema.nullable(),
  finished_at: TimeSchema.nullable(),
  not_after: TimeSchema.nullable(),
  attempts: z.int().describe('how often it was begun; more than once after a restart'),
  progress: ProgressSchema.nullable(),
  result: z.record(z.string(), z.json()).nullable(),
  error: WireErrorSchema.nullable(),
});
export type OperationView = z.infer<typeof OperationSchema>;

const reference = z
  .strictObject({
    operation_id: z.uuid().optional(),
    idempotency_key: NameSchema.optional(),
    message_id: NameSchema.optional(),
  })
  .refine((request) => Object.values(request).filter((value) => value !== undefined).length === 1, {
    message: 'name the operation by exactly one of operation_id, idempotency_key, message_id',
  });

/** `operation.*`: what was asked, how far it is, how it ended. */
export const operationMethods = {
  'operation.get': defineMethod({
    kind: 'service',
    summary: 'Tell the state or the outcome of an operation.',
    params: reference,
    result: OperationSchema,
  }),
  'operation.list': defineMethod({
    kind: 'service',
    summary: 'List operations, newest first.',
    params: z.strictObject({
      state: z.enum([...OPERATION_STATES, 'unfinished']).optional(),
      method: NameSchema.optional(),
      host: NameSchema.optional(),
      name: NameSchema.optional(),
      parent: z.uuid().optional().describe('only the parts of this operation'),
      limit: z.int().min(1).max(1000).optional().describe('at most so many (default 100)'),
      before: z.uuid().optional().describe('only those accepted before this operation: the next page'),
    }),
    result: z.object({ operations: z.array(OperationSchema), next: z.string().nullable() }),
  }),
  'operation.cancel': defineMethod({
    kind: 'control',
    summary: 'Cancel an operation: at once when it waits, at its next safe point when it runs.',
    params: reference,
    result: OperationSchema,
  }),
} as const;
