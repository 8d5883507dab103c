import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { until } from './hmc-client.js';
import { StompWireClient } from './stomp-client.js';

const ENTRY = { id: '941', name: 'LogMessage', message: 'Somebody did something', user: 'zenova' };

describe('the STOMP server', () => {
  let bench: HmcBench;
  let session: string;
  let topics: Record<string, string>;
  let credential: string;
  const clients: StompWireClient[] = [];

  beforeEach(async () => {
    bench = await HmcBench.start();
    ({ session, credential, topics } = await logOn());
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await bench.stop();
  });

  const logOn = async (userid?: string, password?: string) => {
    const opened = await bench.client.openSession(userid, password);
    const { json: listed } = await bench.client.send('GET', '/api/sessions/operations/get-notification-topics', {
      session: opened.session,
    });
    const named = ((listed?.['topics'] ?? []) as Record<string, string>[]).map((topic) => [
      topic['topic-type'] ?? '',
      topic['topic-name'] ?? '',
    ]);
    return { ...opened, topics: Object.fromEntries(named) as Record<string, string> };
  };
  const open = async () => {
    const client = await StompWireClient.open(bench.simulator);
    clients.push(client);
    return client;
  };
  const connected = async (login = session, passcode = credential, headers = {}) => {
    const client = await StompWireClient.connected(bench.simulator, login, passcode, headers);
    clients.push(client);
    return client;
  };
  const auditTopic = () => topics['audit-notification'] ?? '';
  const write = (message = ENTRY.message) => bench.simulator.writeLogEntry('audit', { ...ENTRY, message });

  it('lists the topics of the session, with those of the logon among them', async () => {
    const { objectTopic, jobTopic, topics: own } = await logOn();
    expect(Object.keys(own)).toEqual([
      'object-notification',
      'job-notification',
      'audit-notification',
      'security-notification',
    ]);
    expect([objectTopic, jobTopic]).toEqual([own['object-notification'], own['job-notification']]);
    expect(Object.keys((await logOn('reader', 'secret-of-reader')).topics)).toEqual([
      'object-notification',
      'job-notification',
    ]);
  });

  it.each([
    ['1.0', { 'accept-version': '1.0' }],
    ['1.0', {}],
    ['1.1', { 'accept-version': '1.1' }],
    ['1.2', { 'accept-version': '1.1,1.2, 1.3' }],
  ])('speaks version %s', async (version, headers) => {
    const client = await open();
    client.send('CONNECT', { login: session, passcode: credential, ...headers });
    expect((await client.count(1))[0]).toMatchObject({ command: 'CONNECTED', headers: { version } });
    expect(bench.simulator.stompConnections('zenova')).toBe(1);
  });

  it.each([
    ['a version it does not know', { 'accept-version': '2.0' }, /versions/],
    ['heart-beats that are no numbers', { 'accept-version': '1.2', 'heart-beat': 'often' }, /heart-beat/],
    ['a wrong passcode', { passcode: 'wrong' }, /password/],
    ['an unknown session', { login: 'nobody' }, /password/],
  ])('answers ERROR to %s and closes', async (_what, headers, message) => {
    const client = await open();
    client.send('CONNECT', { login: session, passcode: credential, ...headers });
    const [answer] = await client.count(1);
    expect(answer).toMatchObject({ command: 'ERROR', headers: { message: expect.stringMatching(message) } });
    await client.closed();
    expect(bench.simulator.stompConnections()).toBe(0);
  });

  it('counts wrong passwords of a user, and takes the right one', async () => {
    const client = await open();
    client.send('CONNECT', { login: 'zenova', passcode: 'wrong' });
    await client.closed();
    expect(bench.simulator.logons('zenova')).toMatchObject({ refused: 1 });
    const right = await connected('zenova', 'secret-of-zenova');
    await right.subscribe(auditTopic());
    write();
    expect(await right.count(1)).toHaveLength(1);
  });

  it('delivers a message with its headers and body, to those who subscribed and until they unsubscribe', async () => {
    const client = await connected();
    write('before anybody listens');
    await client.subscribe(auditTopic(), '7');
    write();
    const [message] = await client.count(1);
    expect(message).toEqual({
      command: 'MESSAGE',
      headers: {
        destination: `/topic/${auditTopic()}`,
        subscription: '7',
        'message-id': expect.stringMatching(/^ID\\cHMC1-\d+$/),
        timestamp: String(bench.clock.now()),
        expires: '0',
        priority: '4',
        'notification-type': 'log-entry',
        'session-sequence-nr': '1',
        'global-sequence-nr': '1',
        'log-type': 'audit',
        'object-uri': '/api/console',
        'object-id': 'console',
        class: 'console',
      },
      body: expect.any(String),
    });
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      'log-entries': [{ 'event-id': '941', 'event-message': ENTRY.message }],
    });
    client.send('UNSUBSCRIBE', { id: '7', receipt: 'gone' });
    await client.count(2);
    write();
    client.send('DISCONNECT', { receipt: 'bye' });
    await client.closed();
    expect(client.frames.map(({ command, headers }) => headers['receipt-id'] ?? command)).toEqual([
      'MESSAGE',
      'gone',
      'bye',
    ]);
  });

  it.each([
    ['a topic that is not there', { id: '1', destination: '/topic/none' }],
    ['a queue', { id: '1', destination: '/queue/none' }],
    ['no destination', { id: '1' }],
  ])('refuses to subscribe to %s', async (_what, headers) => {
    const client = await connected();
    client.send('SUBSCRIBE', headers);
    expect((await client.count(1))[0]?.command).toBe('ERROR');
    await client.closed();
  });

  it('refuses the topic of another session, even of the same user', async () => {
    const { topics: others } = await logOn();
    const client = await connected();
    client.send('SUBSCRIBE', { id: '1', destination: `/topic/${others['audit-notification'] ?? ''}` });
    expect((await client.count(1))[0]?.headers['message']).toMatch(/not authorized/);
  });

  it.each(['SEND', 'BEGIN', 'SUBSCRIBE\0garbage:\n'])('refuses %p', async (command) => {
    const client = await connected();
    client.send(command, { destination: '/topic/x' });
    expect((await client.count(1))[0]?.command).toBe('ERROR');
    await client.closed();
  });

  it('refuses to do anything before CONNECT, and frames without end', async () => {
    const early = await open();
    early.send('SUBSCRIBE', { id: '1', destination: `/topic/${auditTopic()}` });
    expect((await early.count(1))[0]?.command).toBe('ERROR');
    const endless = await open();
    endless.socket.write('x'.repeat(100_000));
    expect((await endless.count(1))[0]?.headers['message']).toMatch(/larger/);
    await endless.closed();
  });

  it('closes who does not connect in time, and has room for so many', async () => {
    const silent = await open();
    // Time may pass before the server has seen the end of the handshake.
    await until(
      () => {
        bench.clock.advance(30_000);
        return silent.isClosed;
      },
      (isClosed) => isClosed,
    );
    const small = await HmcSimulator.start({
      inventory: smallInventory({ hmc: { stomp: { max_connections: 1 } } }),
      port: 0,
    });
    try {
      const first = await StompWireClient.open(small);
      await expect(StompWireClient.open(small)).rejects.toMatchObject({ code: 'ECONNRESET' });
      first.close();
    } finally {
      await small.stop();
    }
  });

  it('beats as agreed, with decimals too, and leaves a client that falls silent', async () => {
    const client = await connected(session, credential, { 'heart-beat': '4000.0,2000.0' });
    bench.clock.advance(2000);
    await until(
      () => client.heartBeats,
      (count) => count === 1,
    );
    bench.clock.advance(6000);
    expect(client.isClosed).toBe(false);
    bench.clock.advance(4000);
    await client.closed();
  });

  it('ends with the session: logged off, expired, or lost in a restart', async () => {
    const loggedOff = await connected();
    await loggedOff.subscribe(auditTopic());
    await bench.client.send('DELETE', '/api/sessions/this-session', { session });
    expect((await loggedOff.count(1))[0]).toMatchObject({ command: 'ERROR', headers: { message: /ended/ } });
    await loggedOff.closed();

    ({ session, credential, topics } = await logOn());
    const expired = await connected();
    bench.clock.advance(60_001);
    await expired.closed();

    ({ session, credential, topics } = await logOn());
    const byPassword = await connected('zenova', 'secret-of-zenova');
    await byPassword.subscribe(auditTopic());
    await bench.simulator.restart();
    await byPassword.closed();
    bench.client.close();
    await expect(connected()).rejects.toThrow(/password/);
    await connected('zenova', 'secret-of-zenova');
  });

  describe('faults', () => {
    let client: StompWireClient;
    beforeEach(async () => {
      client = await connected();
      await client.subscribe(auditTopic());
    });
    const numbers = () => client.frames.map(({ headers }) => Number(headers['session-sequence-nr']));

    it('loses messages, which leaves a gap', async () => {
      bench.simulator.fault({ kind: 'notification-lost', notification: 'log-entry', times: 2, nth: 2 });
      for (let i = 0; i < 4; i += 1) write();
      await client.count(2);
      expect(numbers()).toEqual([0, 3]);
      expect(bench.simulator.frameLog.entries({ notification: 'log-entry' })).toMatchObject([
        { number: 0, faults: [] },
        { number: 1, faults: ['notification-lost'] },
        { number: 2, faults: ['notification-lost'] },
        { number: 3, faults: [] },
      ]);
    });

    it('repeats a message', async () => {
      bench.simulator.fault({ kind: 'notification-twice' });
      write();
      write();
      await client.count(3);
      expect(numbers()).toEqual([0, 0, 1]);
    });

    it('delays a message, and those behind it', async () => {
      bench.simulator.fault({ kind: 'notification-late', delay_ms: 5000 });
      write();
      write();
      bench.clock.advance(4999);
      client.send('ACK', { receipt: 'still there' });
      await client.count(1);
      expect(client.frames[0]?.command).toBe('RECEIPT');
      bench.clock.advance(1);
      await client.count(3);
      expect(numbers().slice(1)).toEqual([0, 1]);
    });

    it('is cut in place of a message, or when told to, and can refuse connections', async () => {
      bench.simulator.fault({ kind: 'stomp-cut' });
      write();
      await client.closed();
      expect(client.frames).toEqual([]);
      const again = await connected();
      bench.simulator.dropStompConnections('nobody');
      expect(bench.simulator.stompConnections()).toBe(1);
      await bench.client.send('DELETE', '/simulator/stomp-connections?user=zenova');
      await again.closed();
      bench.simulator.fault({ kind: 'stomp-refused' });
      const refused = await open();
      refused.send('CONNECT', { login: session, passcode: credential });
      await refused.closed();
      expect(refused.frames).toEqual([]);
      await connected();
    });
  });

  it('records frames without secrets, for the control endpoint too', async () => {
    const client = await connected('zenova', 'secret-of-zenova');
    await client.subscribe(auditTopic());
    const { json, text } = await bench.client.send('GET', '/simulator/frame-log?direction=received');
    expect(json?.['entries']).toMatchObject([
      { command: 'CONNECT', connection: 1 },
      { command: 'SUBSCRIBE', user: 'zenova', destination: `/topic/${auditTopic()}` },
    ]);
    expect(text).not.toContain('secret-of-zenova');
    await bench.client.send('POST', '/simulator/log-entries', { json: { log: 'audit', ...ENTRY } });
    await client.count(1);
    await bench.client.send('DELETE', '/simulator/frame-log');
    expect(bench.simulator.frameLog.count()).toBe(0);
  });
});
