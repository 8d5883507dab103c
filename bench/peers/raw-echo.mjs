// The least that a server with our guarantees can do: quorum queue, confirmed persistent reply, then the ack.
import amqp from 'amqplib';
import { peerOptions, ready } from '../support/peer-process.mjs';
import { ProcessCost } from '../support/process-cost.mjs';

const { url, queue, answer, prefetch } = peerOptions();
const connection = await amqp.connect(url, { noDelay: true });
const channel = await connection.createConfirmChannel();
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
await channel.prefetch(prefetch);
await channel.consume(queue, (message) => {
  const { id } = JSON.parse(message.content.toString());
  const { replyTo, correlationId } = message.properties;
  const reply = Buffer.from(JSON.stringify({ response: answer, isDisposed: true, id }));
  channel.sendToQueue(replyTo, reply, { persistent: true, mandatory: true, correlationId }, () => channel.ack(message));
});
const cost = new ProcessCost();
ready({ begin: () => cost.begin(), end: () => cost.end() });
