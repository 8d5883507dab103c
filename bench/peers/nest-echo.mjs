// Nest's own RabbitMQ transport, set up as well as it can be: acks by hand, TCP_NODELAY, the same queue type.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, RmqContext, Transport } from '@nestjs/microservices';
import { peerOptions, ready } from '../support/peer-process.mjs';
import { ProcessCost } from '../support/process-cost.mjs';

const { url, queue, answer, prefetch } = peerOptions();

class EchoController {
  query(context) {
    context.getChannelRef().ack(context.getMessage());
    return answer;
  }
}
Reflect.decorate(
  [MessagePattern('power.query')],
  EchoController.prototype,
  'query',
  Object.getOwnPropertyDescriptor(EchoController.prototype, 'query'),
);
Ctx()(EchoController.prototype, 'query', 0);
Reflect.defineMetadata('design:paramtypes', [RmqContext], EchoController.prototype, 'query');
const { Controller } = await import('@nestjs/common');
Controller()(EchoController);

class EchoModule {}
Module({ controllers: [EchoController] })(EchoModule);

const app = await NestFactory.createMicroservice(EchoModule, {
  transport: Transport.RMQ,
  logger: false,
  options: {
    urls: [url],
    queue,
    noAck: false,
    prefetchCount: prefetch,
    persistent: true,
    queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
    socketOptions: { connectionOptions: { noDelay: true } },
  },
});
await app.listen();
const cost = new ProcessCost();
ready({ begin: () => cost.begin(), end: () => cost.end() });
