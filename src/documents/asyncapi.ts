import { amqpLoginOf } from '../common/amqp-address.js';
import { packageVersion } from '../common/package-version.js';
import { METHODS, METHOD_NAMES, type MethodName } from '../compute/contract/index.js';
import { transportSettings, type TransportOptions, type TransportSettings } from '../transport/index.js';
import {
  ENVELOPE_SCHEMAS,
  NEST,
  OSLO,
  envelopeMessages,
  replyNames,
  requestName,
  type Envelope,
} from './amqp-envelopes.js';
import { EVENT_KEYS, EVENT_SCHEMAS, eventMessages } from './amqp-events.js';
import { schemaComponents, typeName, type JsonObject } from './components.js';

/** A service as it is configured by default, that serves oslo.messaging callers too. */
const BY_DEFAULT: TransportOptions = { urls: ['amqp://127.0.0.1:5672/'], server: 'zenova-1', oslo: {} };

const BINDING = { bindingVersion: '0.3.0' };

/**
 * RPC and events over RabbitMQ in AsyncAPI 3.0, from the service's side: it receives requests and sends replies.
 *
 * @param options of the service that it is about: its queues and exchanges have the names that the configuration gives them
 * @throws ComputeError CONFIG_INVALID
 */
export function asyncApi(options: TransportOptions = BY_DEFAULT): JsonObject {
  const settings = transportSettings(options);
  const nest = envelopeMessages(NEST);
  const oslo = settings.oslo === null ? { requests: {}, replies: {} } : envelopeMessages(OSLO);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Zenova',
      version: packageVersion(),
      description: DESCRIPTION,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: servers(settings),
    channels: {
      ...nestChannels(settings, nest),
      ...osloChannels(settings, oslo),
      ...eventChannels(settings),
    },
    operations: {
      ...methodOperations(NEST, 'rpc', 'nestReplies'),
      rpcOfServer: anyMethod('serverRpc', 'Any request, for this one service.', 'nestReplies', NEST),
      ...osloOperations(settings),
      publishOperations: publication('operationEvents', false, 'Tell what becomes of operations.'),
      publishPower: publication('powerEvents', false, 'Tell states that were seen.'),
      publishDeadLetters: publication('deadLetters', true, 'Keep what could not be carried out.'),
    },
    components: {
      schemas: schemaComponents('draft-7', { ...ENVELOPE_SCHEMAS, ...EVENT_SCHEMAS }),
      messages: { ...nest.requests, ...nest.replies, ...oslo.requests, ...oslo.replies, ...eventMessages() },
      securitySchemes: {
        user: { type: 'userPassword', description: 'a RabbitMQ user with the rights that docs/install.md names' },
        certificate: { type: 'X509', description: 'a client certificate that the broker takes for such a user' },
      },
    },
  };
}

const DESCRIPTION = `RPC and events of the service over RabbitMQ, seen from its side: it *receives* requests, and *sends* replies and events.

A request is named by its \`idempotency_key\`, else by its message id; a repeat gets the outcome of the first. Whoever missed a reply asks \`operation.get\`.
AMQP's own properties (\`reply_to\`, \`correlation_id\` …) stand under \`headers\` here, since AsyncAPI knows no other place for them.`;

function servers({ connection }: TransportSettings): JsonObject {
  return Object.fromEntries(
    connection.urls.map((url, i) => {
      // Never its user and password.
      const { host, pathname, protocol } = new URL(url);
      const scheme = protocol.replace(':', '');
      const server = { host, pathname: pathname === '' ? '/' : pathname, protocol: scheme, protocolVersion: '0.9.1' };
      const login = amqpLoginOf(url) === 'external' ? 'certificate' : 'user';
      return [`broker${i + 1}`, { ...server, security: [{ $ref: `#/components/securitySchemes/${login}` }] }];
    }),
  );
}

type Messages = Record<string, JsonObject>;

function nestChannels({ queues }: TransportSettings, { requests, replies }: Record<'requests' | 'replies', Messages>) {
  const [group = '', own = ''] = queues;
  return {
    rpc: queueChannel(group, 'Requests for any service of the group.', Object.keys(requests)),
    serverRpc: queueChannel(own, 'Requests for this one service.', Object.keys(requests)),
    nestReplies: replyChannel('The queue that the request names in `reply_to`.', Object.keys(replies)),
  };
}

function osloChannels({ oslo }: TransportSettings, { requests, replies }: Record<'requests' | 'replies', Messages>) {
  if (oslo === null) return {};
  const durable = oslo.flags.amqpDurableQueues || oslo.flags.rabbitQuorumQueue;
  const exchange = { name: oslo.controlExchange, type: 'topic', durable, autoDelete: oslo.flags.amqpAutoDelete };
  const names = Object.keys(requests);
  const own = oslo.queues.at(-1) ?? '';
  const topic = oslo.queues.length > 1 ? oslo.queues[0] : undefined;
  return {
    ...(topic === undefined
      ? {}
      : { osloTopic: keyChannel(topic, exchange, 'Calls and casts for any service.', names) }),
    osloServer: keyChannel(own, exchange, 'Calls and casts for this one service.', names),
    ...(oslo.fanout === null
      ? {}
      : {
          osloFanout: keyChannel(
            oslo.fanout.topic,
            {
              name: oslo.fanout.exchange,
              type: 'fanout',
              durable: oslo.flags.rabbitTransientQuorumQueue,
              autoDelete: true,
            },
            'Casts for all services.',
            names,
          ),
        }),
    osloReplies: replyChannel('The queue that the request names in `_reply_q`.', Object.keys(replies)),
  };
}

function eventChannels({ eventsExchange, deadQueue }: TransportSettings) {
  const exchange = { name: eventsExchange, type: 'topic', durable: true, autoDelete: false };
  const { operation, power } = EVENT_KEYS;
  return {
    operationEvents: {
      ...keyChannel(operation.address, exchange, 'What becomes of operations.', ['OperationEvent']),
      parameters: operation.parameters,
    },
    powerEvents: {
      ...keyChannel(power.address, exchange, 'States that were seen.', ['PowerEvent']),
      parameters: power.parameters,
    },
    deadLetters: queueChannel(deadQueue, 'What could not be carried out, without its secrets.', ['DeadLetter']),
  };
}

function queueChannel(name: string, description: string, messages: readonly string[]) {
  const queue = { name, durable: true, exclusive: false, autoDelete: false };
  return {
    address: name,
    description: `${description} A quorum queue: declare it with exactly \`x-queue-type: quorum\`, or not at all.`,
    messages: messageRefs(messages),
    bindings: { amqp: { is: 'queue', queue, ...BINDING } },
  };
}

function keyChannel(address: string, exchange: JsonObject, description: string, messages: readonly string[]) {
  return {
    address,
    description,
    messages: messageRefs(messages),
    bindings: { amqp: { is: 'routingKey', exchange, ...BINDING } },
  };
}

function replyChannel(description: string, messages: readonly string[]) {
  return { address: null, description, messages: messageRefs(messages) };
}

function messageRefs(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function osloOperations({ oslo }: TransportSettings): JsonObject {
  if (oslo === null) return {};
  const hasTopic = oslo.queues.length > 1;
  return {
    ...methodOperations(OSLO, hasTopic ? 'osloTopic' : 'osloServer', 'osloReplies'),
    ...(hasTopic
      ? { osloOfServer: anyMethod('osloServer', 'Any call or cast, for this one service.', 'osloReplies', OSLO) }
      : {}),
    ...(oslo.fanout === null ? {} : { osloFanout: { action: 'receive', channel: channelRef('osloFanout') } }),
  };
}

/** An operation for each method, so that each knows its own reply. */
function methodOperations(envelope: Envelope, channel: string, replies: string): JsonObject {
  const message = (of: string, name: string) => ({ $ref: `#/channels/${of}/messages/${name}` });
  const operation = (method: MethodName) => ({
    action: 'receive',
    channel: channelRef(channel),
    title: method,
    summary: METHODS[method].summary,
    messages: [message(channel, requestName(envelope, method))],
    bindings: { amqp: { ack: true, ...BINDING } },
    reply: {
      ...replyTo(envelope, replies),
      messages: replyNames(envelope, method).map((name) => message(replies, name)),
    },
  });
  return Object.fromEntries(
    METHOD_NAMES.map((method) => [`${envelope.prefix.toLowerCase()}${typeName(method)}`, operation(method)]),
  );
}

function anyMethod(channel: string, summary: string, replies: string, envelope: Envelope): JsonObject {
  return { action: 'receive', channel: channelRef(channel), summary, reply: replyTo(envelope, replies) };
}

function publication(channel: string, mandatory: boolean, summary: string): JsonObject {
  return {
    action: 'send',
    channel: channelRef(channel),
    summary,
    bindings: { amqp: { deliveryMode: 2, mandatory, ...BINDING } },
  };
}

function replyTo({ replyAddress }: Envelope, replies: string): JsonObject {
  return { ...(replyAddress === undefined ? {} : { address: replyAddress }), channel: channelRef(replies) };
}

function channelRef(name: string): { $ref: string } {
  return { $ref: `#/channels/${name}` };
}
