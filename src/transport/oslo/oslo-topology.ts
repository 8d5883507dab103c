import type { Channel } from 'amqplib';
import { ComputeError, messageOf } from '../../common/errors/index.js';
import type { OsloFlags } from '../../common/oslo-flags.js';
import { PRECONDITION_FAILED, replyCodeOf } from '../amqp/index.js';
import type { OsloSettings } from './oslo-options.js';

/** A queue that oslo callers reach us by, with what lies before it. */
export interface OsloQueue {
  readonly queue: string;
  /** Goes with us: its name is never used again. */
  readonly isTransient: boolean;
  /**
   * Declares exchange, queue and binding as oslo.messaging does (16.1, `_drivers/impl_rabbit.py`).
   *
   * @throws ComputeError CONFIG_INVALID when one exists with other properties; the channel is gone then
   */
  declare(channel: Channel): Promise<void>;
}

export function osloQueues({ controlExchange, queues, fanout, flags }: OsloSettings): OsloQueue[] {
  const topic = queues.map((queue): OsloQueue => ({
    queue,
    isTransient: false,
    async declare(channel) {
      const durable = flags.amqpDurableQueues || flags.rabbitQuorumQueue;
      const autoDelete = flags.amqpAutoDelete;
      await checked(() => channel.assertExchange(controlExchange, 'topic', { durable, autoDelete }));
      await checked(() => channel.assertQueue(queue, { durable, autoDelete, arguments: queueArguments(flags) }));
      await channel.bindQueue(queue, controlExchange, queue);
    },
  }));
  if (fanout === null) return topic;
  const { exchange, queue, topic: key } = fanout;
  return [
    ...topic,
    {
      queue,
      isTransient: true,
      async declare(channel) {
        const durable = flags.rabbitTransientQuorumQueue;
        const ttlMs = flags.rabbitTransientQueuesTtlSeconds * 1000;
        await checked(() => channel.assertExchange(exchange, 'fanout', { durable, autoDelete: true }));
        await checked(() =>
          channel.assertQueue(queue, {
            durable,
            autoDelete: false,
            arguments: {
              ...queueArguments({ ...flags, rabbitQuorumQueue: durable }),
              ...(ttlMs > 0 ? { 'x-expires': ttlMs } : {}),
            },
          }),
        );
        await channel.bindQueue(queue, exchange, key);
      },
    },
  ];
}

function queueArguments(flags: OsloFlags): Record<string, unknown> {
  if (!flags.rabbitQuorumQueue) return {};
  const limits = {
    'x-delivery-limit': flags.rabbitQuorumDeliveryLimit,
    'x-max-in-memory-length': flags.rabbitQuorumMaxMemoryLength,
    'x-max-in-memory-bytes': flags.rabbitQuorumMaxMemoryBytes,
  };
  return { 'x-queue-type': 'quorum', ...Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit > 0)) };
}

/** The options that make a property what it is. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['durable', 'amqp_durable_queues, rabbit_quorum_queue or, for fanout, rabbit_transient_quorum_queue'],
  ['auto_delete', 'amqp_auto_delete'],
  ['x-queue-type', 'rabbit_quorum_queue or, for fanout, rabbit_transient_quorum_queue'],
  ['x-delivery-limit', 'rabbit_quorum_delivery_limit'],
  ['x-max-in-memory-length', 'rabbit_quorum_max_memory_length'],
  ['x-max-in-memory-bytes', 'rabbit_quorum_max_memory_bytes'],
  ['x-expires', 'rabbit_transient_queues_ttl'],
  ['type', 'control_exchange, which must name a topic exchange'],
]);

/** `inequivalent arg 'durable' for queue 'zenova' in vhost '/': received 'false' but current is 'true'`. */
const DIFFERENCE =
  /inequivalent arg '([^']+)' for (queue|exchange) '([^']+)'.*?: received (.+?) but current is ([^"]+)/;

async function checked(declare: () => Promise<unknown>): Promise<void> {
  try {
    await declare();
  } catch (error) {
    if (replyCodeOf(error) !== PRECONDITION_FAILED) throw error;
    throw new ComputeError('CONFIG_INVALID', explain(messageOf(error)), { cause: error });
  }
}

function explain(text: string): string {
  const [, flag = '', kind, name, ours = '', theirs = ''] = DIFFERENCE.exec(text) ?? [];
  if (kind === undefined) return `the broker does not let us declare what the section oslo describes: ${text}`;
  const options = OPTIONS.get(flag);
  return (
    `${kind} "${name}" exists with another ${flag}: it has ${plain(theirs)}, and the section oslo asks for ${plain(ours)}. ` +
    `Set ${options ?? 'the flags in oslo'} as its other users do, or delete the ${kind} when it has none`
  );
}

/** The broker's way to write a value: `'true'`, `none`, `the value 'quorum' of type 'longstr'`. */
function plain(value: string): string {
  return /'([^']+)'/.exec(value)?.[1] ?? value.trim();
}
