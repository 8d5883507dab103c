import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { ComputeError, describeIssues } from '../../src/common/errors/index.js';
import { createLog } from '../../src/common/log.js';
import { METHODS, isMethodName } from '../../src/compute/contract/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { mutate, seeded } from '../support/mutations.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from './support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let service: Service;
let operator: Operator;
let client: PlainClient;
let logged = '';

const PIECE = 'C4n4ry';
const CANARY = `${PIECE}-${PIECE}-${PIECE}-${PIECE}`;

beforeAll(async () => {
  broker = await sharedBroker();
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      logged += chunk.toString();
      done();
    },
  });
  service = await startService(broker.url, {}, { log: createLog('debug', destination) });
  service.gateway.script = (method, params) => {
    if (!isMethodName(method)) return Promise.reject(new ComputeError('REQUEST_INVALID', 'unknown method'));
    const parsed = METHODS[method].params.safeParse(params);
    if (parsed.success) return Promise.resolve('fine');
    return Promise.reject(new ComputeError('REQUEST_INVALID', describeIssues(parsed.error.issues).text));
  };
  operator = await Operator.connect(broker.url);
  client = await PlainClient.connect(broker.url);
});

afterAll(async () => {
  await service.close();
  await operator.remove(service);
  await Promise.all([operator.close(), client.close()]);
  await broker.stop();
});

async function refusal(content: Buffer, properties = {}): Promise<{ err: unknown; letter: string; data: unknown }> {
  const reply = await client.sendRaw(service.groupQueue, content, properties);
  const { err } = JSON.parse(reply.content.toString()) as { err: unknown };
  const { body, text } = await operator.take(service.deadQueue);
  return { err, letter: text, data: body['data'] };
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('what cannot be understood gets an error and becomes a dead letter', () => {
  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'malformed_json'],
    ['text', `password=${CANARY}`, 'malformed_json'],
    ['half a request', `{"pattern":"power.on","data":{"power_parameters":{"power_pass":"${CANARY}"`, 'malformed_json'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'malformed_json'],
    ['null', 'null', 'malformed_envelope'],
    ['a number', '42', 'malformed_envelope'],
    ['a list', `[{"pattern":"power.on","token":"${CANARY}"}]`, 'malformed_envelope'],
    ['no pattern', `{"data":{"power_pasS_":"${CANARY}"}}`, 'malformed_envelope'],
    ['a pattern that is an object', `{"pattern":{"cmd":"power.on"},"data":"${CANARY}"}`, 'malformed_envelope'],
    ['an id that is an object', `{"pattern":"power.on","id":{"x":"${CANARY}"}}`, 'malformed_envelope'],
    ['nesting without end', `{"pattern":"power.on","data":${nested(200_000)}}`, 'too_deep'],
    ['a secret for a method', `{"pattern":"${CANARY} ${CANARY}","data":{}}`, 'unknown_method'],
    ['a method of Object', '{"pattern":"__proto__","data":{}}', 'unknown_method'],
    ['secrets under any name', `{"pattern":"a.b","data":{"${CANARY}":1,"x":["${CANARY}"]}}`, 'unknown_method'],
  ])('%s', async (_, body, reason) => {
    const { err, letter, data } = await refusal(Buffer.from(body));
    expect(err).toMatchObject({ code: 'REQUEST_INVALID', details: { reason } });
    expect(data).toMatchObject({
      reason,
      size: Buffer.byteLength(body),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(letter + JSON.stringify(err)).not.toContain(PIECE);
  });

  it('a compressed body', async () => {
    const { err } = await refusal(Buffer.from('{"pattern":"power.on"}'), { contentEncoding: 'gzip' });
    expect(err).toMatchObject({ details: { reason: 'unsupported_encoding' } });
  });

  it('20 MB', async () => {
    const { err, letter, data } = await refusal(Buffer.alloc(20_000_000, `{"token":"${CANARY}"}`));
    expect(err).toMatchObject({ code: 'REQUEST_INVALID', details: { reason: 'too_large' } });
    expect(data).toMatchObject({ reason: 'too_large', size: 20_000_000 });
    expect(letter).not.toContain(PIECE);
    expect(letter.length).toBeLessThan(4_000);
  });

  it('headers with secrets', async () => {
    const { letter } = await refusal(Buffer.from('{}'), {
      headers: { authorization: CANARY, 'x-anything': { deep: CANARY }, traceparent: '00-abc' },
    });
    expect(letter).not.toContain(PIECE);
    expect(letter).toContain('00-abc');
  });

  it('without a reply address it is a dead letter only', async () => {
    operator.channel.sendToQueue(service.groupQueue, Buffer.from('nonsense'));
    expect((await operator.take(service.deadQueue)).body).toMatchObject({ data: { reason: 'malformed_json' } });
  });

  it('a 1 MiB request is still taken', async () => {
    const start = '{"pattern":"power.query","data":{"machine":"';
    const body = `${start}${'x'.repeat(1024 * 1024 - start.length - 3)}"}}`;
    const reply = await client.sendRaw(service.groupQueue, Buffer.from(body));
    expect(Buffer.byteLength(body)).toBe(1024 * 1024);
    expect(JSON.parse(reply.content.toString())).toMatchObject({ err: { code: 'REQUEST_INVALID' } });
  });

  it('__proto__ does nothing', async () => {
    service.gateway.calls.length = 0;
    const body =
      '{"pattern":"power.query","data":{"machine":"m","__proto__":{"polluted":1},"\\u005f_proto__":{"polluted":2}}}';
    const reply = await client.sendRaw(service.groupQueue, Buffer.from(body));
    expect(JSON.parse(reply.content.toString())).toMatchObject({ response: 'fine' });
    expect(service.gateway.calls[0]?.params).toEqual({ machine: 'm' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('dead letters are never lost', () => {
  it('when their queue was deleted, it is declared anew', async () => {
    await operator.channel.deleteQueue(service.deadQueue);
    await client.sendRaw(service.groupQueue, Buffer.from('nonsense'));
    const letter = await eventually(() => takeIfThere(service.deadQueue), 'the dead-letter queue');
    expect(letter).toContain('malformed_json');
  });

  it('when they cannot be written, the message is not acknowledged', async () => {
    const refusing = await startService(broker.url, { drainTimeoutMs: 1_500, replyTimeoutMs: 500 });
    await operator.channel.deleteQueue(refusing.deadQueue);
    // A queue that takes nothing stands in the dead letters' place.
    await operator.channel.assertQueue(refusing.deadQueue, {
      durable: true,
      maxLength: 0,
      arguments: { 'x-overflow': 'reject-publish' },
    });
    await client.sendRaw(refusing.groupQueue, Buffer.from('nonsense'));
    await refusing.close();
    // It is given back when the broker has seen the end of the connection.
    await operator.counted(refusing.groupQueue, { ready: 1 });
    await operator.remove(refusing);
  });
});

async function takeIfThere(queue: string): Promise<string | undefined> {
  const probe = await Operator.connect(broker.url);
  try {
    const message = await probe.channel.get(queue, { noAck: true });
    return message === false ? undefined : message.content.toString();
  } catch {
    return undefined; // no such queue
  } finally {
    await probe.close();
  }
}

describe('random mutations of valid requests', () => {
  const valid = [
    {
      pattern: 'power.on',
      data: {
        power_type: 'hmcz',
        power_parameters: { power_address: 'hmc1', power_user: 'op', power_pass: CANARY, power_partition_name: 'l1' },
        deadline_ms: 60_000,
      },
      id: 'a1',
    },
    { pattern: 'compute.power_on', data: { host: 'cpc1', instance: 'lnx01', wait: 'accepted' }, id: 'b2' },
    { pattern: 'power.query', data: { machine: 'm', token: CANARY }, id: 3 },
  ].map((request) => JSON.stringify(request));

  it('each get an answer; what becomes a dead letter holds no secret; the consumers stay', async () => {
    const random = seeded(20_261_121);
    const total = 4_000;
    const outcomes = { answered: 0, refused: 0 };
    for (let sent = 0; sent < total; sent += 200) {
      const batch = Array.from({ length: 200 }, () => mutate(valid[random(valid.length)] ?? '', random));
      const replies = await Promise.all(batch.map((body) => client.sendRaw(service.groupQueue, body)));
      for (const reply of replies) {
        const body = JSON.parse(reply.content.toString()) as { response?: unknown; err?: { code: string } };
        if (body.err === undefined) outcomes.answered++;
        else {
          expect(body.err.code).toBe('REQUEST_INVALID');
          outcomes.refused++;
        }
      }
    }
    expect(outcomes.answered + outcomes.refused).toBe(total);
    expect(outcomes.refused).toBeGreaterThan(total / 2);

    let letters = 0;
    await operator.counted(service.groupQueue, { ready: 0 });
    for (;;) {
      const letter = await operator.channel.get(service.deadQueue, { noAck: true });
      if (letter === false) break;
      letters++;
      expect(letter.content.toString()).not.toContain(PIECE);
    }
    expect(letters).toBeGreaterThan(total / 4);
    expect(logged).not.toContain(PIECE);
    expect(logged).toContain('became a dead letter');
    expect(service.transport.health.status()).toMatchObject({ isConnected: true, isConsuming: true });
    await operator.counted(service.groupQueue, { ready: 0, consumers: 1 });
  });
});
