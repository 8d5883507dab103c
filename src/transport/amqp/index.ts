export { AmqpConnection, describeUrl, type AmqpConnectionOptions, type AmqpTlsOptions } from './amqp-connection.js';
export { Delivery } from './channel-epoch.js';
export { Publisher, type OutgoingMessage, type PublishOutcome } from './publisher.js';
export { QueueConsumer } from './queue-consumer.js';
export { replyCodeOf } from './reply-code.js';
export {
  DEAD_QUEUE,
  EVENTS_EXCHANGE,
  PRECONDITION_FAILED,
  RPC_QUEUE,
  declareQueue,
  declareTopicExchange,
  groupQueue,
  serverQueue,
} from './topology.js';
