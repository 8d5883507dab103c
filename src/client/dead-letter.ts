import { createHash } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { z } from 'zod';
import { parseBoundedJson } from '../common/bounded-json.js';
import type { JsonValue } from '../common/errors/index.js';

/** A message of the dead-letter queue, as far as it can be read. */
export interface DeadLetter {
  /** The letter's own id; of a message that is none, its message id, else `sha256:` and the beginning of its hash. */
  readonly id: string;
  /** False for what somebody else put into the queue. */
  readonly isOurs: boolean;
  readonly time: string | null;
  /** Why the request could not be carried out. */
  readonly reason: string | null;
  readonly method: string | null;
  /** The user whom the broker vouched for. */
  readonly requestedBy: string | null;
  /** Bytes of the request; of a message that is no letter, its own. */
  readonly size: number;
  /** How often it was given back to the queue. */
  readonly returns: number;
  /** All that may be shown of it. */
  readonly whole: JsonValue;
}

const text = z.string().nullable().optional().catch(null);
const LetterSchema = z.looseObject({
  id: z.string().min(1).max(255),
  type: z.literal('zenova.dead_letter'),
  time: z.iso.datetime({ offset: true }),
  data: z.looseObject({
    reason: z.string(),
    size: z.int().min(0),
    properties: z.looseObject({ user_id: text }).optional().catch(undefined),
    /** In the words of its envelope: Nest's, or oslo.messaging's. */
    body: z.looseObject({ pattern: text, namespace: text, method: text }).optional().catch(undefined),
  }),
});

/** Reads a message of the queue; whatever it is, it can be listed and dropped. */
export function readDeadLetter(message: ConsumeMessage): DeadLetter {
  const json = parseBoundedJson(message.content);
  const letter = json.kind === 'value' ? LetterSchema.safeParse(json.value) : undefined;
  const returns = returnsOf(message);
  if (letter?.success !== true || json.kind !== 'value') return { ...foreign(message), returns };
  const { id, time, data } = letter.data;
  return {
    id,
    isOurs: true,
    time,
    reason: data.reason,
    method: methodOf(data.body ?? {}),
    requestedBy: data.properties?.user_id ?? null,
    size: data.size,
    returns,
    whole: json.value as JsonValue,
  };
}

function methodOf({ pattern, namespace, method }: Partial<Record<string, unknown>>): string | null {
  if (typeof pattern === 'string') return pattern;
  if (typeof method !== 'string') return null;
  return typeof namespace === 'string' ? `${namespace}.${method}` : method;
}

function foreign({ content, properties, fields }: ConsumeMessage): Omit<DeadLetter, 'returns'> {
  const messageId: unknown = properties.messageId;
  const userId: unknown = properties.userId;
  const hash = createHash('sha256').update(content).digest('hex');
  const id = typeof messageId === 'string' && messageId !== '' ? messageId : `sha256:${hash.slice(0, 16)}`;
  const requestedBy = typeof userId === 'string' ? userId : null;
  return {
    id,
    isOurs: false,
    time: null,
    reason: null,
    method: null,
    requestedBy,
    size: content.length,
    whole: {
      id,
      note: 'this message is no dead letter of Zenova',
      exchange: fields.exchange,
      user_id: requestedBy,
      size: content.length,
      // Not its body: nobody has taken the secrets out of it.
      sha256: hash,
    },
  };
}

/** Quorum queues count; which header says so depends on the broker's version. */
function returnsOf({ properties }: ConsumeMessage): number {
  const { headers } = properties;
  const counts = [headers?.['x-delivery-count'], headers?.['x-acquired-count']].map(Number);
  return Math.max(0, ...counts.filter(Number.isFinite));
}
