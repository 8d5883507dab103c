import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { DeadLetterQueue } from '../../src/client/index.js';
import { startBroker, type Broker } from '../support/broker.js';
import { cli, withoutProgress, type CliOptions, type CliRun } from '../support/cli.js';
import { PlainClient } from '../support/amqp-clients.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from '../transport/support.js';

let broker: Broker;
let service: Service;
let model: ChannelModel;
let channel: ConfirmChannel;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  service = await startService(broker.url);
  model = await connect(broker.url);
  channel = await model.createConfirmChannel();
});
afterEach(async () => {
  await channel.deleteQueue(service.deadQueue);
  await model.close();
  await service.close();
});

async function dead(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const run = await cli(['dead', ...argv, '--queue', service.deadQueue], {
    environment: { ZENOVA_AMQP_URL: broker.url },
    ...options,
  });
  return withoutProgress(run);
}

/** Requests that nobody serves, sent one after the other; their letters' ids, oldest first. */
async function bury(methods: readonly string[]): Promise<string[]> {
  const caller = await PlainClient.connect(broker.url);
  for (const method of methods) {
    await caller.call(service.groupQueue, method, { host: 'cpc1', power_pass: 'hidden' }, { userId: 'guest' });
  }
  await caller.close();
  await eventually(async () => (await ready()) === methods.length, 'the letters are there');
  return (await listed()).map(({ id }) => id);
}

async function put(...contents: Buffer[]): Promise<void> {
  for (const content of contents) channel.sendToQueue(service.deadQueue, content, { persistent: true });
  await channel.waitForConfirms();
}

async function ready(): Promise<number> {
  return (await channel.checkQueue(service.deadQueue)).messageCount;
}

async function listed(): Promise<{ id: string; method: string | null; is_dead_letter: boolean }[]> {
  const { code, stdout, stderr } = await dead(['list', '--json']);
  // Read only if it failed: progress may be shown.
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as { dead_letters: { id: string; method: string; is_dead_letter: boolean }[] })
    .dead_letters;
}

describe('dead list', () => {
  it('tells what became of requests, newest last, as often as one likes', async () => {
    const ids = await bury(['power.first', 'power.second', 'power.third']);
    for (let times = 0; times < 25; times++) expect((await listed()).map(({ id }) => id)).toEqual(ids);
    expect(await ready()).toBe(3);
    const { stdout } = await dead(['list']);
    const rows = stdout.split('\n');
    expect(rows[0]).toMatch(/^TIME +ID +REASON +METHOD +REQUESTED BY +SIZE$/);
    expect(rows[1]).toMatch(new RegExp(`^2\\S+Z +${ids[0]} +unknown_method +power\\.first +guest +\\d+$`));
    expect(rows[3]).toContain('power.third');
  });

  it('shows the newest only, when there are many', async () => {
    const ids = await bury(['power.first', 'power.second', 'power.third']);
    const run = await dead(['list', '--limit', '2']);
    expect(run.stderr).toBe('the newest 2 of 3; --limit shows more\n');
    expect(run.stdout).not.toContain(ids[0]);
    expect(run.stdout).toContain(ids[2]);
  });

  it('is not broken by what somebody else put there', async () => {
    const [id] = await bury(['power.first']);
    const foreign = Buffer.from('not JSON \u001b[2J, power_pass=hunter2');
    await put(
      foreign,
      Buffer.from([0xff, 0xfe, 0]),
      Buffer.from('null'),
      Buffer.from('{"type":"zenova.dead_letter","id":"x","time":"yesterday","data":{}}'),
      Buffer.from('['.repeat(100_000)),
    );
    const letters = await listed();
    expect(letters.map(({ is_dead_letter: isOurs }) => isOurs)).toEqual([true, false, false, false, false, false]);
    expect(letters[0]?.id).toBe(id);
    expect(new Set(letters.map((letter) => letter.id)).size).toBe(6);
    const { stdout } = await dead(['list']);
    expect(stdout).toContain('(no dead letter)');
    expect((await dead(['show', letters[1]?.id ?? ''])).stdout).toContain('this message is no dead letter of Zenova');
    expect((await dead(['show', letters[1]?.id ?? ''])).stdout).not.toContain('\u001b');
    const shown = JSON.parse((await dead(['show', letters[1]?.id ?? '', '--json'])).stdout) as object;
    const [size, sha256] = [foreign.length, createHash('sha256').update(foreign).digest('hex')];
    expect(shown).toMatchObject({ size, sha256 });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(await dead(['drop', ...letters.slice(1).map((letter) => letter.id)])).toMatchObject({ code: 0 });
    expect((await listed()).map((letter) => letter.id)).toEqual([id]);
  });

  it('keeps thousands in order, also after the reader was killed', async () => {
    const bodies = Array.from({ length: 3000 }, (_, i) => Buffer.from(`letter ${i}`));
    const hashes = bodies.map((body) => createHash('sha256').update(body).digest('hex'));
    await put(...bodies);
    const inOrder = async (): Promise<string[]> => {
      const letters = await DeadLetterQueue.open({ url: broker.url, queue: service.deadQueue, timeoutMs: 30_000 });
      const hashes: string[] = [];
      const reading = await letters.read(({ whole }) => hashes.push((whole as { sha256: string }).sha256));
      expect(reading).toEqual({ count: bodies.length, isWhole: true });
      await letters.close();
      return hashes;
    };
    expect(await inOrder()).toEqual(hashes);
    const killed = await connect(broker.url);
    killed.on('error', () => undefined);
    const taking = await killed.createChannel();
    taking.on('error', () => undefined);
    await taking.prefetch(65_535);
    let taken = 0;
    await taking.consume(service.deadQueue, () => void taken++);
    await eventually(() => taken === bodies.length, 'all are taken');
    await broker.ctl('close_all_connections', '--', 'killed by a test');
    await eventually(
      async () => (await (await connectedAgain()).checkQueue(service.deadQueue)).messageCount === bodies.length,
      'they are back',
    );
    expect(await inOrder()).toEqual(hashes);
  });

  it('waits while another one reads, so that nobody sees an empty queue', async () => {
    const ids = await bury(['power.first', 'power.second']);
    const runs = await Promise.all(Array.from({ length: 4 }, () => listed()));
    for (const run of runs) expect(run.map(({ id }) => id)).toEqual(ids);
    const held = await DeadLetterQueue.open({ url: broker.url, queue: service.deadQueue, timeoutMs: 30_000 });
    await held.read(() => undefined);
    expect(await dead(['list', '--timeout', '3s'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^BACKEND_BUSY: another one reads .*the same request may be sent again/),
    });
    await held.close();
    expect(await listed()).toHaveLength(2);
  });

  it('counts against a delivery limit, so that the policy of the README is needed', async () => {
    const definition = JSON.stringify({ 'delivery-limit': 2 });
    const only = ['--priority', '1', '--apply-to', 'queues'];
    await broker.ctl('set_policy', ...only, 'limited', `^${service.deadQueue}$`, definition);
    await put(Buffer.from('one'));
    await eventually(async () => (await listed()).length === 0, 'the letter is eaten');
    await broker.ctl('clear_policy', 'limited');
  });
});

describe('dead show', () => {
  it('prints the whole letter, without the secrets it never had', async () => {
    const [id = ''] = await bury(['power.first']);
    const people = await dead(['show', id]);
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toContain(`id: ${id}\n`);
    expect(people.stdout).toContain('pattern: power.first');
    expect(people.stdout).not.toContain('hidden');
    expect(JSON.parse((await dead(['show', id, '--json'])).stdout)).toMatchObject({
      id,
      type: 'zenova.dead_letter',
      data: { reason: 'unknown_method', properties: { user_id: 'guest' }, body: { data: { host: 'cpc1' } } },
    });
  });

  it('says when there is no such letter', async () => {
    expect(await dead(['show', 'none'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `RESOURCE_NOT_FOUND: ${service.deadQueue} has no letter "none"; see: zenova dead list\n`,
    });
  });
});

describe('dead drop', () => {
  it('removes what is named, and nothing when one of it is not there', async () => {
    const [one = '', two = '', three = ''] = await bury(['power.first', 'power.second', 'power.third']);
    expect(await dead(['drop', two, 'none'])).toMatchObject({ code: 1, stdout: '' });
    expect(await listed()).toHaveLength(3);
    expect(await dead(['drop', two])).toEqual({ code: 0, stdout: 'dropped 1 dead letter\n', stderr: '' });
    expect((await listed()).map(({ id }) => id)).toEqual([one, three]);
  });

  it('removes all that are there when the user says so, and asks first', async () => {
    await bury(['power.first', 'power.second']);
    const questions: string[] = [];
    const answer = (text: string) => (question: string) => {
      questions.push(question);
      return Promise.resolve(text);
    };
    const unasked = await dead(['drop', '--all']);
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('give --yes here') });
    expect(await dead(['drop', '--all'], { ask: answer('') })).toEqual({
      code: 130,
      stdout: '',
      stderr: 'nothing was dropped\n',
    });
    expect(await listed()).toHaveLength(2);
    await put(Buffer.from('foreign'));
    // One that comes while the user thinks is not among those it was asked about.
    const ask = async (question: string): Promise<string> => {
      await put(Buffer.from('late'));
      return answer('y')(question);
    };
    expect(await dead(['drop', '--all', '--json'], { ask })).toMatchObject({ code: 0, stderr: '' });
    expect(questions.at(-1)).toBe(
      `Drop 3 messages of ${service.deadQueue} (1 of them are messages of somebody else) for good? [y/N] `,
    );
    expect(await listed()).toHaveLength(1);
    expect(await dead(['drop', '--all', '--yes'])).toMatchObject({ stdout: 'dropped 1 dead letter\n' });
    expect(await dead(['drop', '--all', '--yes'])).toMatchObject({ stdout: 'dropped 0 dead letters\n' });
    expect((await dead(['list'])).stdout).toBe('(none)\n');
  });
});

describe('wrong use of dead', () => {
  it.each<[string[], number, string]>([
    [['drop'], 2, 'name the letters to drop, or give --all'],
    [['drop', 'x', '--all'], 2, 'name the letters to drop, or give --all'],
    [['list', '--limit', '0'], 2, 'Write a number, 1 to 999999'],
    [['list', '--group', 'g'], 2, '--group is for commands that ask a service'],
  ])('%j', async (argv, code, text) => {
    expect(await dead(argv)).toMatchObject({ code, stderr: expect.stringContaining(text) });
  });

  it('tells what is not there, and keeps away from requests', async () => {
    const environment = { ZENOVA_AMQP_URL: broker.url };
    expect(await cli(['dead', 'list', '--queue', 'zenova.none'], { environment })).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^BACKEND_UNREACHABLE: there is no queue zenova\.none on this broker/),
    });
    expect(await cli(['dead', 'drop', '--all', '--yes', '--queue', service.groupQueue], { environment })).toMatchObject(
      {
        code: 1,
        stderr: expect.stringContaining('holds requests that wait for a service'),
      },
    );
    expect(await cli(['dead', 'list', '--queue', 'zenova'], { environment })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^REQUEST_INVALID: zenova holds requests/),
    });
    expect(await cli(['dead', 'list', '--url', 'amqp://127.0.0.1:1'])).toMatchObject({ code: 3 });
  });

  it('takes nothing from a queue that others take from, whatever its name', async () => {
    const queue = `${service.deadQueue}.of-requests`;
    await channel.assertQueue(queue, { autoDelete: true });
    await channel.prefetch(1);
    await channel.consume(queue, () => undefined);
    for (const text of ['taken', 'waits']) channel.sendToQueue(queue, Buffer.from(text));
    await channel.waitForConfirms();
    for (const argv of [['list'], ['drop', '--all', '--yes']]) {
      const run = await cli(['dead', ...argv, '--queue', queue], { environment: { ZENOVA_AMQP_URL: broker.url } });
      expect(run).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('REQUEST_INVALID: ') });
    }
    expect(await channel.checkQueue(queue)).toMatchObject({ messageCount: 1, consumerCount: 1 });
  });

  it('tells which right is missing', async () => {
    await broker.ctl('add_user', 'reader', 'secret');
    const url = broker.url.replace('guest:guest', 'reader:secret');
    const list = () => dead(['list'], { environment: { ZENOVA_AMQP_URL: url } });
    await broker.ctl('set_permissions', 'reader', '^zenova\\.reply\\.', '^$', '^$');
    expect(await list()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('needs the right to read that queue'),
    });
    await broker.ctl('set_permissions', 'reader', '^zenova\\.reply\\.', '^$', '^zenova\\.rpc\\.dead');
    expect(await list()).toMatchObject({ code: 0, stdout: '(none)\n' });
  });
});

let again: ConfirmChannel | undefined;
/** A channel of a new connection: a test has broken all others. */
async function connectedAgain(): Promise<ConfirmChannel> {
  if (again === undefined) {
    model = await connect(broker.url);
    again = await model.createConfirmChannel();
    channel = again;
  }
  return again;
}
