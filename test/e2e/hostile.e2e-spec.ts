import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sharedBroker, type Broker } from '../support/broker.js';
import { mutate, seeded } from '../support/mutations.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { Estate, HMC_PASSWORD } from './estate.js';

const PIECE = 'C4n4ry';
const CANARY = `${PIECE}-${PIECE}-${PIECE}`;
const TOTAL = 10_000;

/** Requests whose mutations cannot name an address outside this machine. */
const VALID = [
  { pattern: 'power.on', data: { power_type: 'manual', power_parameters: { power_pass: CANARY } }, id: 'a' },
  { pattern: 'power.query', data: { host: 'fake', instance: 'instance-0001' }, id: 'b' },
  {
    pattern: 'compute.reboot',
    data: { host: 'fake', instance: 'instance-0002', wait: 'accepted', deadline_ms: 1000 },
    id: 'c',
  },
  { pattern: 'compute.get_info', data: { host: 'cpc1', instance: 'lpar1' }, id: 'd' },
  { pattern: 'operation.list', data: { state: 'done', limit: 1 }, id: 'e' },
  { pattern: 'host.get_info', data: { host: 'fake', password: CANARY }, id: 'f' },
].map((request) => JSON.stringify(request));

let broker: Pick<Broker, 'url' | 'stop'>;
let estate: Estate;
let client: PlainClient;
let operator: Operator;

beforeAll(async () => {
  broker = await sharedBroker();
  estate = await Estate.open(broker.url);
  await estate.start();
  client = await PlainClient.connect(broker.url);
  operator = await Operator.connect(broker.url);
});
afterAll(async () => {
  await Promise.all([client.close(), operator.close()]);
  await estate.close();
  await broker.stop();
});

describe('ten thousand mutated requests', () => {
  it('each get an answer, leave no secret anywhere, and leave the service as it was', async () => {
    const random = seeded(4711);
    const pid = estate.service.pid;
    const codes = new Map<string, number>();
    for (let sent = 0; sent < TOTAL; sent += 200) {
      const batch = Array.from({ length: 200 }, () => mutate(VALID[random(VALID.length)] ?? '', random));
      for (const { content } of await Promise.all(batch.map((body) => client.sendRaw(estate.queue, body)))) {
        const text = content.toString();
        expect(text).not.toContain(PIECE);
        const { err } = JSON.parse(text) as { err?: { code: string } };
        const outcome = err?.code ?? 'answered';
        codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
      }
    }
    expect([...codes.values()].reduce((sum, count) => sum + count)).toBe(TOTAL);
    // None of them is a defect of ours, and both kinds of end occur.
    expect(codes.get('INTERNAL')).toBeUndefined();
    expect(codes.get('answered')).toBeGreaterThan(0);
    expect(codes.get('REQUEST_INVALID')).toBeGreaterThan(TOTAL / 4);

    const letters = await takeAll(estate.names.deadQueue);
    expect(letters.length).toBeGreaterThan(TOTAL / 10);
    expect(letters.join('\n')).not.toContain(PIECE);

    expect(estate.service.pid).toBe(pid);
    expect((await estate.service.http('/readyz'))?.status).toBe(200);
    await operator.counted(estate.queue, { ready: 0, consumers: 1 });
    await operator.counted(`zenova.rpc.server.${estate.names.server}`, { ready: 0, consumers: 1 });
  });

  it('left no secret in the log or in any file', () => {
    expect(estate.service.log).not.toContain(PIECE);
    expect(estate.service.log).not.toContain(HMC_PASSWORD);
    const files = estate.service.files();
    expect([...files.keys()]).toContain('journal.db');
    for (const content of files.values()) {
      expect(content.includes(PIECE)).toBe(false);
      expect(content.includes(HMC_PASSWORD)).toBe(false);
    }
  });

  it('20 MB at once are refused, and the next request is served', async () => {
    const reply = await client.sendRaw(estate.queue, Buffer.alloc(20_000_000, `{"token":"${CANARY}"}`));
    expect(JSON.parse(reply.content.toString())).toMatchObject({ err: { code: 'REQUEST_INVALID' } });
    expect(await client.call(estate.queue, 'power.query', { host: 'fake', instance: 'instance-0001' })).toMatchObject({
      response: { state: expect.any(String) },
    });
  });
});

async function takeAll(queue: string): Promise<string[]> {
  const letters: string[] = [];
  for (;;) {
    const message = await operator.channel.get(queue, { noAck: true });
    if (message === false) return letters;
    letters.push(message.content.toString());
  }
}
