import type { Channel } from 'amqplib';
import { ComputeError } from '../../common/errors/index.js';
import { replyCodeOf } from './reply-code.js';

/** Arguments of every queue of ours, for ever: limits and lifetimes come from a policy (DESIGN 4.1). */
export const QUEUE_ARGUMENTS = { 'x-queue-type': 'quorum' } as const;

export const RPC_QUEUE = 'zenova.rpc';
export const DEAD_QUEUE = 'zenova.rpc.dead';
export const EVENTS_EXCHANGE = 'zenova.events';

/** Reply code for what exists with other properties. */
export const PRECONDITION_FAILED = 406;

/** Words that would give a group's queue the name of another one. */
const RESERVED_GROUPS: ReadonlySet<string> = new Set(['dead', 'server']);

/**
 * The queue that a group of services shares, `zenova.rpc` without a group.
 *
 * @throws ComputeError CONFIG_INVALID
 */
export function groupQueue(group?: string): string {
  if (group === undefined) return RPC_QUEUE;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(group) || RESERVED_GROUPS.has(group)) {
    throw new ComputeError(
      'CONFIG_INVALID',
      `group ${JSON.stringify(group)} cannot be part of a queue name: use 1 to 64 letters, digits, "_" or "-", and not "dead" or "server"`,
    );
  }
  return `${RPC_QUEUE}.${group}`;
}

/**
 * The queue that addresses one service.
 *
 * @throws ComputeError CONFIG_INVALID
 */
export function serverQueue(server: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(server)) {
    throw new ComputeError(
      'CONFIG_INVALID',
      `server ${JSON.stringify(server)} cannot be part of a queue name: use 1 to 128 letters, digits, ".", "_" or "-", beginning with a letter or digit`,
    );
  }
  return `${RPC_QUEUE}.server.${server}`;
}

/**
 * Declares a queue of ours: durable, quorum.
 *
 * @throws ComputeError CONFIG_INVALID when a queue of that name was declared otherwise; the channel is gone then
 */
export async function declareQueue(channel: Channel, queue: string): Promise<void> {
  await declare(`queue "${queue}"`, () =>
    channel.assertQueue(queue, { durable: true, arguments: { ...QUEUE_ARGUMENTS } }),
  );
}

/**
 * Declares the events exchange: durable, topic.
 *
 * @throws ComputeError CONFIG_INVALID when an exchange of that name was declared otherwise; the channel is gone then
 */
export async function declareTopicExchange(channel: Channel, exchange: string): Promise<void> {
  await declare(`exchange "${exchange}"`, () => channel.assertExchange(exchange, 'topic', { durable: true }));
}

async function declare(what: string, assert: () => Promise<unknown>): Promise<void> {
  try {
    await assert();
  } catch (error) {
    if (replyCodeOf(error) !== PRECONDITION_FAILED) throw error;
    const wanted = what.startsWith('queue')
      ? 'durable, with exactly the argument x-queue-type: quorum'
      : 'a durable topic exchange without arguments';
    throw new ComputeError(
      'CONFIG_INVALID',
      `${what} exists with other properties than ours (${wanted}). Empty and delete it, and this service declares it anew; ` +
        'clients declare it likewise or not at all (noAssert), and limits belong into a policy',
      { cause: error },
    );
  }
}
