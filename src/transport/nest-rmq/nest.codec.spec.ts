import { describe, expect, it } from '@jest/globals';
import type { ConsumeMessage, MessageProperties } from 'amqplib';
import * as fc from 'fast-check';
import { systemClock } from '../../common/clock.js';
import { NestCodec } from './nest.codec.js';

const now = Date.UTC(2026, 10, 21, 12);
const codec = new NestCodec({ ...systemClock, now: () => now });

function message(body: string | Uint8Array, properties: Partial<MessageProperties> = {}): ConsumeMessage {
  const fields = { consumerTag: '', deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'q' };
  return { content: Buffer.from(body as string), fields, properties: properties as MessageProperties };
}

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function metaOf(body: object, properties: Partial<MessageProperties> = {}): unknown {
  const decoded = codec.decode(message(JSON.stringify({ pattern: 'power.query', ...body }), properties));
  return decoded.kind === 'request' ? decoded.meta : decoded;
}

describe('the Nest envelope', () => {
  it.each<[string, object, Partial<MessageProperties>, object]>([
    ['the message id names the request', { id: 'i' }, { messageId: 'm', correlationId: 'c' }, { requestId: 'm' }],
    ['else the id in the body', { id: 'i' }, { correlationId: 'c' }, { requestId: 'i', correlationId: 'c' }],
    ['else the correlation id', {}, { correlationId: 'c' }, { requestId: 'c', messageId: null }],
    ['a number is an id too', { id: 7 }, {}, { requestId: '7', correlationId: '7' }],
    ['an event has no reply address', {}, {}, { replyTo: null, requestedBy: 'anonymous', sentAt: null }],
    ['an empty reply address is none', { id: 'i' }, { replyTo: '' }, { replyTo: null }],
    [
      'its trace is in the headers',
      {},
      { headers: { traceparent: TRACE, tracestate: 'a=1', x: 1 } },
      { trace: { traceparent: TRACE, tracestate: 'a=1' } },
    ],
    ['what is no trace is none', {}, { headers: { traceparent: 7 } }, { trace: undefined }],
    ['the user is who the broker says', {}, { userId: 'ann' }, { requestedBy: 'ann' }],
  ])('%s', (_, body, properties, expected) => expect(metaOf(body, properties)).toMatchObject(expected));

  it('gives an event without any name one of its own', () => {
    const { requestId } = metaOf({}) as { requestId: string };
    expect(requestId).not.toBe((metaOf({}) as { requestId: string }).requestId);
  });

  it.each<[string, unknown, number | null]>([
    ['seconds', now / 1000 - 60, now - 60_000],
    ['a clock that is fast', now / 1000 + 300, now],
    ['milliseconds taken for seconds', now, null],
    ['the largest AMQP has', 2 ** 64, null],
    ['a negative one', -5, null],
    ['a fraction', 1.5, null],
    ['text', 'yesterday', null],
  ])('reads the timestamp: %s', (_, timestamp, expected) => {
    expect(metaOf({}, { timestamp })).toMatchObject({ sentAt: expected });
  });

  it('answers a failure and a result as Nest does', () => {
    const to = { envelope: 'nest', address: { queue: 'q', correlation_id: 'c', id: 5 } };
    const { queue, content, properties } = codec.encodeResult(to, { a: [1] });
    expect([queue, JSON.parse(content.toString()), properties.correlationId]).toEqual([
      'q',
      { response: { a: [1] }, isDisposed: true, id: 5 },
      'c',
    ]);
  });

  it.each([
    { envelope: 'oslo', address: {} },
    { envelope: 'nest', address: null },
  ])('refuses the address %j', (to) => {
    expect(() => codec.encodeResult(to, 1)).toThrow('not a reply address');
    expect(() => codec.encodePart(to, 1)).toThrow('not a reply address');
  });

  it('makes a request or poison of whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codec.decode(message(bytes)).kind).toBe('poison');
      }),
    );
    fc.assert(
      fc.property(fc.json(), fc.object(), (json, properties) => {
        expect(['request', 'poison']).toContain(codec.decode(message(json, properties)).kind);
      }),
    );
  });
});
