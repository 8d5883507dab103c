import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { StompWireClient } from './stomp-client.js';

type Message = Record<string, unknown>;

describe('OS messages', () => {
  let bench: HmcBench;
  let session: string;
  let credential: string;
  const clients: StompWireClient[] = [];

  const start = async (inventory = smallInventory()) => {
    bench = await HmcBench.start(inventory);
    ({ session, credential } = await bench.client.openSession());
  };
  beforeEach(() => start());
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await bench.stop();
  });

  const open = (uri: string, json: unknown = {}, who = session) =>
    bench.client.send('POST', `${uri}/operations/open-os-message-channel`, { session: who, json });
  const list = async (uri: string, query = '') => {
    const { json } = await bench.client.send('GET', `${uri}/operations/list-os-messages${query}`, { session });
    return (json?.['os-messages'] ?? []) as Message[];
  };
  const command = (uri: string, text: string, who = session) =>
    bench.client.send('POST', `${uri}/operations/send-os-cmd`, {
      session: who,
      json: { 'operating-system-command-text': text, 'is-priority': false },
    });
  const texts = (messages: Message[]) => messages.map((message) => message['message-text']);
  const connected = async () => {
    const client = await StompWireClient.connected(bench.simulator, session, credential);
    clients.push(client);
    return client;
  };
  const heard = (client: StompWireClient) =>
    client.frames.flatMap(({ body }) => (JSON.parse(body) as { 'os-messages': Message[] })['os-messages']);

  it('come on a topic of their own, those from before first', async () => {
    const uri = bench.uri('LPAR2');
    bench.simulator.writeOsMessage('LPAR2', 'from before', { isHeld: true });
    const { json } = await open(uri);
    const topic = String(json?.['topic-name']);
    const { json: listed } = await bench.client.send('GET', '/api/sessions/operations/get-notification-topics', {
      session,
    });
    expect(listed?.['topics']).toContainEqual({
      'topic-type': 'os-message-notification',
      'topic-name': topic,
      'object-uri': uri,
      'include-refresh-messages': true,
    });
    const client = await connected();
    await client.subscribe(topic);
    bench.simulator.writeOsMessage('LPAR2', 'from now', { isPriority: true });
    bench.simulator.writeOsMessage('db.prod', 'of another');
    await client.count(2);
    expect(client.frames[0]?.headers).toMatchObject({
      'notification-type': 'os-message',
      'object-uri': uri,
      class: 'partition',
      name: 'LPAR2',
    });
    expect(heard(client)).toEqual([
      {
        'message-id': 1,
        'message-text': 'from before',
        'os-name': 'LPAR2',
        'is-held': true,
        'is-priority': false,
        'is-refresh': true,
        'prompt-text': null,
        'sequence-number': 1,
        'sound-alarm': false,
        timestamp: bench.clock.now(),
      },
      expect.objectContaining({ 'message-text': 'from now', 'is-priority': true, 'is-refresh': false }),
    ]);
  });

  it('have one channel in a session, which can be without those from before', async () => {
    const uri = bench.uri('LPAR2');
    bench.simulator.writeOsMessage('LPAR2', 'from before');
    const { json } = await open(uri, { 'include-refresh-messages': false });
    expect((await open(uri)).json).toMatchObject({ 'http-status': 409, reason: 331 });
    const client = await connected();
    await client.subscribe(String(json?.['topic-name']));
    bench.simulator.writeOsMessage('LPAR2', 'from now');
    await client.count(1);
    expect(texts(heard(client))).toEqual(['from now']);
  });

  it('are kept up to a limit and listed by their numbers', async () => {
    await bench.stop();
    await start(smallInventory({ hmc: { os_message_limit: 3 } }));
    const uri = bench.uri('LPAR2');
    for (const text of ['1', '2', '3', '4', '5']) bench.simulator.writeOsMessage('LPAR2', text);
    expect(texts(await list(uri))).toEqual(['3', '4', '5']);
    expect(texts(await list(uri, '?begin-sequence-number=4'))).toEqual(['4', '5']);
    expect(texts(await list(uri, '?begin-sequence-number=2&end-sequence-number=3'))).toEqual(['3']);
    expect((await list(uri))[0]).not.toHaveProperty('is-refresh');
    const bad = await bench.client.send('GET', `${uri}/operations/list-os-messages?begin-sequence-number=x`, {
      session,
    });
    expect(bad.json).toMatchObject({ 'http-status': 400, reason: 7 });
  });

  it('tell how a partition boots, and answer commands', async () => {
    const uri = bench.uri('LPAR1');
    const json = { 'boot-os-specific-parameters': 'ds=nocloud' };
    await bench.client.send('POST', uri, { session, json });
    expect((await command(uri, 'date')).json).toMatchObject({ 'http-status': 409, reason: 332 });
    await bench.begin('start', 'LPAR1', session);
    bench.clock.advance(2500);
    const boot = texts(await list(uri));
    expect(boot).toContainEqual(expect.stringMatching(/Kernel command line: ds=nocloud$/));
    expect(boot.at(-1)).toBe('LPAR1 login: ');

    expect((await command(uri, 'date')).status).toBe(204);
    expect((await command(uri, 'frobnicate --now')).status).toBe(204);
    expect(texts(await list(uri)).slice(boot.length)).toEqual([
      'root@LPAR1:~# date',
      'Thu Jan  1 00:00:02 UTC 2026',
      'root@LPAR1:~# frobnicate --now',
      '-bash: frobnicate: command not found',
    ]);
  });

  it.each([
    ['shutdown -h now', 'paused'],
    ['systemctl poweroff', 'paused'],
    ['echo c > /proc/sysrq-trigger', 'terminated'],
    ['shutdown -r now', 'active'],
  ])('%s leaves a partition %s', async (text, end) => {
    await command(bench.uri('LPAR2'), text);
    expect(bench.simulator.status('LPAR2')).toBe('active');
    bench.clock.advance(1000);
    expect(bench.simulator.status('LPAR2')).toBe(end);
    const messages = bench.simulator.osMessages('LPAR2').map((message) => message.text);
    expect(messages.includes('LPAR2 login: ')).toBe(end === 'active');
  });

  it('leave a shutdown that a stop overtakes without effect', async () => {
    await command(bench.uri('LPAR2'), 'poweroff');
    await bench.begin('stop', 'LPAR2', session);
    bench.clock.advance(5000);
    expect(bench.simulator.status('LPAR2')).toBe('stopped');
  });

  it('need their tasks: one to read, another to send', async () => {
    await bench.stop();
    const password = 'secret-of-zenova';
    await start(
      smallInventory({
        users: [
          { name: 'zenova', password },
          { name: 'watcher', password, tasks: ['view-operating-system-messages'] },
          { name: 'nobody', password, tasks: [] },
        ],
      }),
    );
    const uri = bench.uri('LPAR2');
    const watcher = await bench.client.logOn('watcher', password);
    const nobody = await bench.client.logOn('nobody', password);
    expect((await open(uri, {}, watcher)).status).toBe(200);
    expect((await command(uri, 'date', watcher)).json).toMatchObject({ 'http-status': 403, reason: 1 });
    expect((await open(uri, {}, nobody)).json).toMatchObject({ 'http-status': 403, reason: 1 });
  });

  it('are refused where the interface is not available, and for bodies that are wrong', async () => {
    await bench.stop();
    await start(
      smallInventory({
        cpcs: [
          {
            name: 'CPC1',
            mode: 'dpm',
            partitions: [
              { name: 'mute', status: 'active', guest: { os_messages: false } },
              { name: 'zvm', status: 'active', type: 'zvm' },
            ],
          },
          { name: 'CPC3', mode: 'classic', logical_partitions: [{ name: 'PROD1', status: 'operating' }] },
        ],
      }),
    );
    const mute = bench.uri('mute');
    for (const answer of [await open(mute), await command(mute, 'date')]) {
      expect(answer.json).toMatchObject({ 'http-status': 409, reason: 332 });
    }
    const zvm = bench.uri('zvm');
    expect((await open(zvm, { refresh: true })).json).toMatchObject({ 'http-status': 400, reason: 6 });
    expect((await command(zvm, '')).json).toMatchObject({ 'http-status': 400, reason: 7 });
    await command(zvm, 'q time');
    await command(zvm, 'cp date');
    expect(texts(await list(zvm))).toEqual([
      'q time',
      expect.stringMatching(/^TIME IS /),
      'cp date',
      'HCPCMD001E Unknown CP command: CP',
    ]);
  });

  it('are there for logical partitions, too, and through the control endpoint', async () => {
    const { json } = await bench.client.send('GET', '/api/console/operations/list-permitted-logical-partitions', {
      session,
    });
    const [lpar] = (json?.['logical-partitions'] ?? []) as Message[];
    const uri = String(lpar?.['object-uri']);
    const { status } = await bench.client.send('POST', '/simulator/os-messages', {
      json: { name: 'PROD1', text: 'hello' },
    });
    expect(status).toBe(204);
    await command(uri, 'whoami');
    expect(texts(await list(uri))).toEqual(['hello', 'root@PROD1:~# whoami', 'root']);
    expect(() => bench.simulator.writeOsMessage('LPAR1', 'ambiguous')).toThrow(RangeError);
    expect(() => bench.simulator.writeOsMessage('none', 'unknown')).toThrow(RangeError);
  });
});
