import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { ConsumeMessage, MessageProperties } from 'amqplib';
import * as fc from 'fast-check';
import { systemClock } from '../../common/clock.js';
import { ComputeError, ERROR_CODE_NAMES } from '../../common/errors/index.js';
import type { DecodedRequest, EncodedReply, Poison } from '../codec.port.js';
import { FAILURES } from './oslo-failures.js';
import { isServed } from './oslo-version.js';
import { OsloCodec } from './oslo.codec.js';

interface Sample {
  readonly routing_key: string;
  readonly properties: Partial<MessageProperties> & Record<string, unknown>;
  readonly body: { readonly 'oslo.version': string; readonly 'oslo.message': string };
}

const file = new URL('../../../test/transport/oslo-samples.json', import.meta.url);
const { samples } = JSON.parse(readFileSync(file, 'utf8')) as { samples: Record<string, Sample> };

const now = Date.UTC(2026, 10, 21, 12);
const clock = { ...systemClock, now: () => now };
const codec = new OsloCodec({ clock, rpcPingEnabled: true });
const withoutPing = new OsloCodec({ clock, rpcPingEnabled: false });

function sample(name: string): Sample {
  const found = samples[name];
  if (found === undefined) throw new Error(`no sample ${name}`);
  return found;
}

function messageOf({ body }: Pick<Sample, 'body'>): Record<string, unknown> {
  return JSON.parse(body['oslo.message']) as Record<string, unknown>;
}

/** The sample as it was on the wire, with some of its message changed. */
function onWire(name: string, changes: object = {}, properties: Partial<MessageProperties> = {}): ConsumeMessage {
  const { body, routing_key: routingKey, properties: sent } = sample(name);
  const content = { ...body, 'oslo.message': JSON.stringify({ ...messageOf({ body }), ...changes }) };
  return raw(JSON.stringify(content), { ...wireNames(sent), ...properties }, routingKey);
}

function raw(content: string | Uint8Array, properties: object = {}, routingKey = 'q'): ConsumeMessage {
  const fields = { consumerTag: '', deliveryTag: 1, redelivered: false, exchange: 'openstack', routingKey };
  return { content: Buffer.from(content as string), fields, properties: properties as MessageProperties };
}

function wireNames(properties: Record<string, unknown>): Partial<MessageProperties> {
  const {
    content_type: contentType,
    content_encoding: contentEncoding,
    delivery_mode: deliveryMode,
    ...rest
  } = properties;
  return { ...rest, contentType, contentEncoding, deliveryMode };
}

const ours = { namespace: 'power', method: 'query', args: { host: 'cpc1', instance: 'ubuntu01' } };

function request(message: ConsumeMessage): DecodedRequest {
  const decoded = codec.decode(message);
  if (decoded.kind !== 'request') throw new Error(JSON.stringify(decoded));
  return decoded;
}

function refusal(message: ConsumeMessage, by = codec): Poison {
  const decoded = by.decode(message);
  if (decoded.kind !== 'poison') throw new Error(JSON.stringify(decoded));
  return decoded;
}

/** The message in a reply, and what it shares with the captured one: everything but fresh ids. */
function shape(content: string): unknown {
  const { 'oslo.message': text, ...outer } = JSON.parse(content) as Sample['body'];
  const message = JSON.parse(text) as Record<string, unknown>;
  return { ...outer, keys: Object.keys(message), ending: message['ending'], result: message['result'] };
}

function failureIn(reply: EncodedReply | Sample): Record<string, unknown> {
  const body = 'content' in reply ? (JSON.parse(reply.content.toString()) as Sample['body']) : reply.body;
  return JSON.parse(String(messageOf({ body })['failure'])) as Record<string, unknown>;
}

describe('requests captured from oslo.messaging', () => {
  it('a call', () => {
    const { method, params, meta } = request(onWire('call', ours));
    const sent = messageOf(sample('call'));
    expect({ method, params }).toEqual({ method: 'power.query', params: ours.args });
    expect(meta).toEqual({
      requestId: sent['_unique_id'],
      messageId: null,
      correlationId: 'req-1',
      requestedBy: 'oslo:u1',
      sentAt: null,
      replyTo: {
        envelope: 'oslo',
        address: {
          queue: sent['_reply_q'],
          msg_id: sent['_msg_id'],
          subject: { method: 'query', host: 'cpc1', instance: 'ubuntu01' },
          heartbeat_ms: null,
        },
      },
    });
  });

  it.each(['cast', 'fanout_cast'])('a %s has no reply', (name) => {
    expect(request(onWire(name, ours)).meta.replyTo).toBeNull();
  });

  it('the same message again is the same request', () => {
    expect(request(onWire('cast', ours)).meta).toEqual(request(onWire('cast', ours)).meta);
  });

  it.each<[string, number | undefined, unknown]>([
    ['a monitored call: half of it', 1_000, 2],
    ['an odd number', 1_500, 3],
    ['too soon', undefined, 1],
    ['none', undefined, null],
    ['nonsense', undefined, 'soon'],
    ['less than nothing', undefined, -4],
    ['for ever', 3_600_000, 1e300],
  ])('wants signs of life: %s', (_, everyMs, timeout) => {
    const { replyTo } = request(onWire('call_with_monitor', { ...ours, _timeout: timeout })).meta;
    expect(replyTo === null ? null : codec.encodeHeartbeat(replyTo)?.everyMs).toBe(everyMs);
  });

  it('a ping, when that is allowed', () => {
    expect(codec.decode(onWire('ping'))).toMatchObject({ kind: 'answered', result: 'pong' });
    expect(refusal(onWire('ping'), withoutPing).reason).toBe('unsupported_version');
  });

  it('one without an envelope, as of its version 1', () => {
    expect(request(raw(JSON.stringify(ours))).method).toBe('power.query');
  });

  it.each([
    ['the AMQP user, whom the broker has checked', {}, { userId: 'ann' }, 'ann'],
    ['the user in the context', { _context_user_id: undefined, _context_user: 'u2' }, {}, 'oslo:u2'],
    ['nobody', { _context_user_id: 7 }, {}, 'anonymous'],
    ['nobody: a name without end', { _context_user_id: 'x'.repeat(300) }, {}, 'anonymous'],
  ])('are requested by %s', (_, context, properties, requestedBy) => {
    expect(request(onWire('call', { ...ours, ...context }, properties)).meta.requestedBy).toBe(requestedBy);
  });

  it('an AMQP timestamp, which some brokers add, says when it was sent', () => {
    expect(request(onWire('call', ours, { timestamp: now / 1000 - 60 })).meta.sentAt).toBe(now - 60_000);
  });
});

describe('replies look as those captured from oslo.messaging', () => {
  const to = request(onWire('call', { ...ours, _timeout: 2 })).meta.replyTo ?? { envelope: '', address: null };

  it.each<[string, EncodedReply | undefined]>([
    ['reply', codec.encodeResult(to, messageOf(sample('reply'))['result'] as never)],
    ['ping_reply', codec.encodeResult(to, 'pong')],
    ['call_monitor_heartbeat', codec.encodeHeartbeat(to)],
    ['failure_no_such_method', codec.encodeError(to, new ComputeError('AMBIGUOUS', 'x').toWire())],
  ])('%s', (name, reply) => {
    if (reply === undefined) throw new Error('there is none');
    const { queue, content, properties } = reply;
    const captured = sample(name);
    expect(queue).toBe(messageOf(sample('call'))['_reply_q']);
    expect(shape(content.toString())).toEqual(shape(JSON.stringify(captured.body)));
    const { deliveryMode: _, ...expected } = wireNames(captured.properties);
    expect(properties).toEqual(expected);
    const message = messageOf({ body: JSON.parse(content.toString()) as Sample['body'] });
    expect(message).toMatchObject({ _msg_id: messageOf(sample('call'))['_msg_id'] });
    expect(message['_unique_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['failure_no_such_method', { namespace: 'power', method: 'nosuch', version: '1.0' }],
    ['failure_unsupported_version', { namespace: 'power', version: '1.9' }],
    ['failure_unknown_namespace', { namespace: 'nobody' }],
  ])('%s', (name, changes) => {
    const { replyTo, error } = refusal(onWire('call', changes));
    const { tb: ourTrace, ...ourFailure } = failureIn(codec.encodeError(replyTo ?? to, error.toWire()));
    const { tb: theirTrace, ...theirs } = failureIn(sample(name));
    expect(ourFailure).toEqual(theirs);
    expect([ourTrace, theirTrace]).toEqual([[expect.any(String)], [expect.any(String)]]);
  });

  it.each(ERROR_CODE_NAMES)('%s becomes an exception that can be built from its arguments', (code) => {
    const error = new ComputeError(code, 'it failed', { details: { a: [1] } }).toWire();
    const failure = failureIn(codec.encodeError(to, error));
    const { module, name } = FAILURES[code];
    expect(Object.keys(failure)).toEqual(Object.keys(failureIn(sample('failure_builtin'))));
    expect(failure).toMatchObject({ class: name, module, message: 'it failed', args: ['it failed'] });
    // Builtin exceptions take no keyword arguments; `code` is a number in Nova's.
    expect(failure['kwargs']).toEqual(module === 'builtins' ? {} : expect.objectContaining({ zenova: error }));
    expect(failure['kwargs']).not.toHaveProperty('code');
    expect((failure['tb'] as string[]).map((line) => JSON.parse(line) as unknown)).toEqual([error]);
  });

  it.each([
    { envelope: 'nest', address: to.address },
    { envelope: 'oslo', address: { queue: 'q' } },
  ])('an address of another envelope is refused: %j', (address) => {
    expect(() => codec.encodeResult(address, 1)).toThrow('not a reply address');
  });
});

describe('versions', () => {
  it.each([
    ['1.0', '1.0', true],
    ['1.0', '1.4', true],
    ['1.5', '1.4', false],
    ['2.0', '1.4', false],
    ['0.9', '1.4', false],
    ['1.4.1', '1.4', false],
    ['1.3.9', '1.4', true],
    ['1.4.1', '1.4.2', true],
  ])('%s by a server of %s: %s', (wanted, served, expected) => expect(isServed(wanted, served)).toBe(expected));
});

describe('hostile messages', () => {
  it('become a request, an answer or poison', () => {
    const kinds = ['request', 'answered', 'poison'];
    fc.assert(fc.property(fc.uint8Array(), (bytes) => expect(kinds).toContain(codec.decode(raw(bytes)).kind)));
    fc.assert(
      fc.property(fc.json(), fc.object(), (json, properties) => {
        expect(kinds).toContain(codec.decode(raw(json, properties)).kind);
        const wrapped = JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': json });
        expect(kinds).toContain(codec.decode(raw(wrapped)).kind);
      }),
    );
    fc.assert(
      fc.property(
        fc.record({ method: fc.anything(), args: fc.anything(), _msg_id: fc.anything(), _reply_q: fc.anything() }),
        (changes) => {
          expect(kinds).toContain(codec.decode(onWire('call', changes)).kind);
        },
      ),
    );
  });

  it('__proto__ does nothing', () => {
    const inner =
      '{"method":"query","namespace":"power","args":{"host":"h","\\u005f_proto__":{"polluted":1}},"__proto__":{"polluted":2}}';
    const { params } = request(raw(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': inner })));
    expect(params).toEqual({ host: 'h' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
