import { z } from 'zod';
import { JsonValueSchema } from '../../common/errors/index.js';

/**
 * The packets of Nest's RabbitMQ transport (@nestjs/microservices 12, client-rmq and server-rmq), which plain AMQP
 * clients use as well.
 */

const IdSchema = z.union([z.string().min(1).max(255), z.number()]).nullish();

/** A request `{pattern, data, id}`; without `id` it is an event, which nobody awaits. */
export const NestRequestSchema = z.object({ pattern: z.string(), data: z.unknown().optional(), id: IdSchema });
export type NestRequest = z.infer<typeof NestRequestSchema>;

/** A reply; `err` is a WireError when the service itself sent it. */
export const NestReplySchema = z.object({
  response: JsonValueSchema.optional(),
  err: JsonValueSchema.optional(),
  isDisposed: z.literal(true),
  id: IdSchema,
});

/** What comes before the reply, when the request asked for it. */
export const NestPartSchema = z.object({ response: JsonValueSchema, isDisposed: z.literal(false), id: IdSchema });

/** Where a Nest reply goes, as it is kept in the journal. */
export const NestAddressSchema = z.object({
  queue: z.string().min(1),
  correlation_id: z.string().nullable(),
  id: z.union([z.string(), z.number()]).nullable(),
});
export type NestAddress = z.infer<typeof NestAddressSchema>;
