import { randomUUID } from 'node:crypto';
import { ComputeError } from '../../common/errors/index.js';
import { TOPIC_PATTERN, isNovaTopic } from '../../common/nova-topics.js';
import { OSLO_DEFAULTS, type OsloFlags } from '../../common/oslo-flags.js';
import { RPC_QUEUE } from '../amqp/index.js';

/** How oslo.messaging callers reach the service. What is left out is oslo's own default. */
export interface OsloOptions extends Partial<OsloFlags> {
  /** Default `zenova`. */
  readonly controlExchange?: string;
  /** Default `zenova`. */
  readonly topic?: string;
  /** Take a topic of Nova; only this service's own queue of it is consumed then. Default false. */
  readonly allowNovaTopic?: boolean;
  /** Answer `oslo_rpc_server_ping`. Default false. */
  readonly rpcPingEnabled?: boolean;
}

/** {@link OsloOptions} with every default filled in and every name made and checked. */
export interface OsloSettings {
  readonly controlExchange: string;
  readonly rpcPingEnabled: boolean;
  /** Bound to the control exchange under their own names. */
  readonly queues: readonly string[];
  /** Null beside a Nova, whose fanout is not for us. */
  readonly fanout: { readonly exchange: string; readonly queue: string; readonly topic: string } | null;
  readonly flags: OsloFlags;
}

/**
 * @param reserved names of our own queues and exchanges
 * @throws ComputeError CONFIG_INVALID
 */
export function osloSettings(options: OsloOptions, server: string, reserved: readonly string[]): OsloSettings {
  const {
    controlExchange = 'zenova',
    topic = 'zenova',
    allowNovaTopic = false,
    rpcPingEnabled = false,
    ...flags
  } = options;
  if (!TOPIC_PATTERN.test(topic)) throw invalid('topic must be 1 to 64 letters, digits, "_" or "-"');
  const isNova = isNovaTopic(topic);
  if (isNova && !allowNovaTopic) {
    throw invalid(
      `topic ${topic} is one of Nova's: queue names are global in a virtual host, so a Nova there would lose half of its ` +
        'messages to this service. Take another topic or, to consume the queue of this server alone, set allow_nova_topic',
    );
  }
  if (flags.amqpAutoDelete === true && (flags.rabbitQuorumQueue ?? false)) {
    throw invalid(
      'RabbitMQ has no quorum queues that delete themselves: unset amqp_auto_delete or rabbit_quorum_queue',
    );
  }
  const own = `${topic}.${server}`;
  const queues = isNova ? [own] : [topic, own];
  const taken = [controlExchange, `${topic}_fanout`, ...queues].find(
    (name) => reserved.includes(name) || name === RPC_QUEUE || name.startsWith(`${RPC_QUEUE}.`),
  );
  if (taken !== undefined) {
    throw invalid(
      `"${taken}" would be a queue or exchange that this service has already; take another topic or server name`,
    );
  }
  return {
    controlExchange,
    rpcPingEnabled,
    queues,
    fanout: isNova
      ? null
      : { exchange: `${topic}_fanout`, queue: `${topic}_fanout_${randomUUID().replaceAll('-', '')}`, topic },
    flags: { ...OSLO_DEFAULTS, ...flags },
  };
}

function invalid(message: string): ComputeError {
  return new ComputeError('CONFIG_INVALID', `oslo: ${message}`);
}
