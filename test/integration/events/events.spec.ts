import 'reflect-metadata';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { systemClock } from '../../../src/common/clock.js';
import { ComputeError } from '../../../src/common/errors/index.js';
import { Secret } from '../../../src/common/secret.js';
import type { RequestGateway, ServiceEvent } from '../../../src/compute/contract/index.js';
import { EventFeed, HttpModule, type HttpParts } from '../../../src/http/index.js';
import { EventReader } from '../../support/event-reader.js';
import { eventually } from '../../support/eventually.js';
import { NO_OBSERVATION } from '../../support/no-observation.js';

const TOKENS: HttpParts['tokens'] = [{ name: 'watcher', token: new Secret('only-looking'), access: 'read' }];
const NOTHING = { operations: [], next: null };

let app: INestApplication | undefined;
const readers: EventReader[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  await app?.close();
  app = undefined;
});

interface Options extends Partial<Omit<HttpParts['events'], 'feed'>> {
  readonly host?: string;
  readonly handle?: RequestGateway['handle'];
}

/** The HTTP surface in front of a journal that has nothing to tell. */
async function start({ host = '127.0.0.1', handle = () => Promise.resolve(NOTHING), ...events }: Options = {}) {
  const feed = new EventFeed();
  const parts: HttpParts = {
    host,
    tokens: TOKENS,
    health: [],
    gateway: { handle },
    clock: systemClock,
    ...NO_OBSERVATION,
    events: { feed, sees: () => true, ...events },
  };
  app = await NestFactory.create(HttpModule.of(parts), { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const open = async (headers: Record<string, string> = {}): Promise<EventReader> => {
    const reader = await EventReader.open(url, headers);
    readers.push(reader);
    return reader;
  };
  return { feed, url, open };
}

/** A journal that tells nothing before it is let. */
function heldJournal() {
  let answer = (): void => undefined;
  const told = new Promise<typeof NOTHING>((resolve) => {
    answer = () => resolve(NOTHING);
  });
  let count = 0;
  const handle = (): Promise<typeof NOTHING> => {
    count += 1;
    return told;
  };
  return { handle, asked: () => count, answer: () => answer() };
}

function power(name: string, data: Record<string, string> = {}): ServiceEvent {
  return { kind: 'power', host: 'cpc1', name, state: 'on', data, at: Date.now() };
}

const named = (name: string) => (event: { data: Record<string, unknown> }) => event.data['name'] === name;

describe('GET /v1/events', () => {
  it('tells who one is, how things stand, and then what happens', async () => {
    const { feed, open } = await start();
    const reader = await open({ authorization: 'Bearer only-looking' });
    await reader.until(({ kind }) => kind === 'snapshot');
    feed.publish(power('web01', { native_state: 'active', token: 'canary' }));
    expect(await reader.until(named('web01'))).toMatchObject({
      kind: 'power',
      data: { host: 'cpc1', name: 'web01', state: 'on', native_state: 'active' },
    });
    expect(reader.kinds()).toEqual(['hello', 'snapshot', 'power']);
    expect(reader.events[0]?.data).toEqual({ caller: { name: 'watcher', may_act: false } });
    expect(reader.events[1]?.data).toEqual({ newest: NOTHING, unfinished: NOTHING });
    expect(reader.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.headers.get('cache-control')).toBe('no-store');
    expect(reader.text).not.toContain('canary');
  });

  it('tells what happens while it looks how things stand after that, and all of it', async () => {
    const { answer, asked, handle } = heldJournal();
    const { feed, open } = await start({ handle });
    const opening = open();
    await eventually(() => asked() === 2, 'the journal to be asked');
    feed.publish(power('meanwhile'));
    answer();
    const reader = await opening;
    await reader.until(named('meanwhile'));
    expect(reader.kinds()).toEqual(['hello', 'snapshot', 'power']);
  });

  it('goes on after the last event that a client had, also when it had none', async () => {
    const { feed, open } = await start();
    const first = await open();
    const { id: beginning = '' } = await first.until(({ kind }) => kind === 'snapshot');
    feed.publish(power('one'));
    const { id = '' } = await first.until(named('one'));
    first.close();
    feed.publish(power('two'));
    feed.publish(power('three'));
    const second = await open({ 'last-event-id': id });
    await second.until(named('three'));
    expect(second.events.map(({ kind, data }) => data['name'] ?? kind)).toEqual(['hello', 'two', 'three']);
    const third = await open({ 'last-event-id': beginning });
    await third.until(named('three'));
    expect(third.events.map(({ kind, data }) => data['name'] ?? kind)).toEqual(['hello', 'one', 'two', 'three']);
  });

  it.each(['', 'nonsense', '00000000.1', 'of another life'])(
    'tells how things stand when it does not know what came after "%s"',
    async (id) => {
      const { feed, open } = await start();
      feed.publish(power('before'));
      const reader = await open({ 'last-event-id': id });
      await reader.until(({ kind }) => kind === 'snapshot');
    },
  );

  it('tells how things stand when too much has happened since', async () => {
    const { feed, open } = await start();
    const id = feed.lastId;
    for (let count = 0; count < 501; count++) feed.publish(power(`number-${count}`));
    const reader = await open({ 'last-event-id': id });
    await reader.until(({ kind }) => kind === 'snapshot');
    expect(feed.since(id)).toBeUndefined();
    expect(feed.since(feed.lastId)).toEqual([]);
  });

  it('tells nobody what it may not know, missed events included', async () => {
    const callers = new Set<string>();
    const { feed, open } = await start({
      sees: (caller, event) => {
        callers.add(caller);
        return event.kind === 'power' && event.name !== 'hidden';
      },
    });
    const id = feed.lastId;
    feed.publish(power('hidden'));
    const reader = await open({ 'last-event-id': id, authorization: 'Bearer only-looking' });
    feed.publish(power('hidden'));
    feed.publish(power('shown'));
    await reader.until(named('shown'));
    expect(reader.kinds()).toEqual(['hello', 'power']);
    expect([...callers]).toEqual(['http:watcher']);
  });

  it('answers a refusal as what it is, and keeps nothing of it', async () => {
    const refusal = new ComputeError('FORBIDDEN', 'no rule of the configuration allows it');
    const { open } = await start({ handle: () => Promise.reject(refusal), maxStreams: 1 });
    for (let count = 0; count < 3; count++) expect((await open()).status).toBe(403);
  });

  it('asks for a token on an address that others reach', async () => {
    const { open } = await start({ host: '192.0.2.1' });
    expect((await open()).status).toBe(401);
    expect((await open({ authorization: 'Bearer only-looking' })).status).toBe(200);
  });

  it('takes so many clients and no more, until one has gone', async () => {
    const { open } = await start({ maxStreams: 2 });
    const [first] = [await open(), await open()];
    const third = await open();
    expect(third.status).toBe(503);
    expect(third.headers.get('retry-after')).toBe('10');
    first.close();
    await eventually(async () => (await open()).status === 200, 'a place');
  });

  it('shows that it is alive', async () => {
    const { open } = await start({ limits: { heartbeatMs: 20 } });
    const reader = await open();
    await eventually(() => reader.text.includes(': alive\n\n: alive\n\n'), 'two signs of life');
  });

  it('drops a client that does not read, and nobody else', async () => {
    const limits = { maxUnreadBytes: 512 * 1024, heartbeatMs: 60_000 };
    const { feed, url, open } = await start({ limits, maxStreams: 2 });
    const reader = await open();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    expect((await open()).status).toBe(503);
    const filler = 'x'.repeat(16 * 1024);
    let count = 0;
    // What the system keeps for it has to be full first.
    await eventually(async () => {
      for (let more = 0; more < 8; more++) feed.publish(power(`number-${count++}`, { filler }));
      await reader.until(named(`number-${count - 1}`));
      return (await open()).status === 200;
    }, 'its place to be free');
    expect(reader.isOver).toBe(false);
  });

  it('lets the service end although a client is only just being told how things stand', async () => {
    const { answer, asked, handle } = heldJournal();
    const { url, open } = await start({ handle });
    const opening = open();
    await eventually(() => asked() === 2, 'the journal to be asked');
    const closed = app?.close();
    await eventually(
      () =>
        fetch(url).then(
          () => false,
          () => true,
        ),
      'nobody to be let in any more',
    );
    answer();
    const reader = await opening;
    expect(reader.status).toBe(503);
    expect(reader.headers.get('connection')).toBe('close');
    await closed;
  });

  it('lets the service end although it is followed', async () => {
    const { open } = await start();
    const reader = await open();
    await app?.close();
    await eventually(() => reader.isOver, 'the stream to end');
  });
});
