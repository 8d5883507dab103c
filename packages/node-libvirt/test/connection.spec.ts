import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { eventually } from '../../../test/support/eventually.js';
import {
  CallTimeoutError,
  Connection,
  ConnectionLostError,
  connectGetHostname,
  connectGetAllDomainStats,
  connectListAllDomains,
  type DomainRef,
  domainCreate,
  domainDefineXmlFlags,
  domainDestroy,
  domainGetState,
  domainLookupByName,
  domainOpenConsole,
  domainScreenshot,
  DomainState,
  domainUndefineFlags,
  ErrorNumber,
  LibvirtError,
  lifecycleEvent,
  storagePoolCreateXml,
  storagePoolLookupByName,
  storagePoolRefresh,
  storageVolCreateXml,
  storageVolDelete,
  storageVolDownload,
  storageVolLookupByName,
  storageVolUpload,
  unixTransport,
  valuesOf,
} from '../src/index.js';

let daemon: Libvirtd;
const open: Connection[] = [];

beforeAll(async () => {
  daemon = await startLibvirtd();
});
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});
afterAll(() => daemon.stop());

async function connected(options: { readOnly?: boolean } = {}): Promise<Connection> {
  const connection = await Connection.open({
    transport: unixTransport(daemon.socketPath),
    uri: 'test:///default',
    ...options,
  });
  open.push(connection);
  return connection;
}

async function testDomain(connection: Connection): Promise<DomainRef> {
  return (await connection.call(domainLookupByName, { name: 'test' })).domain;
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

describe('a connection to libvirtd', () => {
  it('asks, changes, and is told what is wrong', async () => {
    const connection = await connected();
    expect(await connection.call(connectGetHostname)).toEqual({ hostname: expect.any(String) });
    const domain = await testDomain(connection);
    expect(await connection.call(domainGetState, { domain })).toEqual({
      state: DomainState.VIR_DOMAIN_RUNNING,
      reason: 0,
    });
    await connection.call(domainDestroy, { domain });
    expect(await connection.call(domainGetState, { domain })).toMatchObject({ state: DomainState.VIR_DOMAIN_SHUTOFF });
    await connection.call(domainCreate, { domain });

    const error = await rejection(connection.call(domainLookupByName, { name: 'nobody' }));
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      code: ErrorNumber.VIR_ERR_NO_DOMAIN,
      codeName: 'NO_DOMAIN',
      domainName: 'TEST',
      message: 'Domain not found',
    });
  });

  it('answers many calls at once, each with its own', async () => {
    const connection = await connected();
    const names = Array.from({ length: 40 }, (_, n) => `many-${n}`);
    const xml = (name: string): string =>
      `<domain type="test"><name>${name}</name><memory>1024</memory><os><type>hvm</type></os></domain>`;
    const domains = await Promise.all(
      names.map(async (name) => (await connection.call(domainDefineXmlFlags, { xml: xml(name) })).domain),
    );
    expect(domains.map(({ name }) => name)).toEqual(names);
    const { domains: listed, count } = await connection.call(connectListAllDomains, {});
    expect(count).toBe(listed.length);
    expect(listed.map(({ name }) => name).sort()).toEqual([...names, 'test'].sort());
    const { records } = await connection.call(connectGetAllDomainStats, { domains: [], stats: 1 });
    const states = new Map(
      records.map(({ domain, parameters }) => [domain.name, valuesOf(parameters).get('state.state')]),
    );
    expect(states.get('test')).toBe(DomainState.VIR_DOMAIN_RUNNING);
    expect(states.get('many-7')).toBe(DomainState.VIR_DOMAIN_SHUTOFF);
    await Promise.all(domains.map((domain) => connection.call(domainUndefineFlags, { domain })));
  });

  it('may be one for reading only', async () => {
    const connection = await connected({ readOnly: true });
    const domain = await testDomain(connection);
    const error = await rejection(connection.call(domainDestroy, { domain }));
    expect(error).toMatchObject({ name: 'LibvirtError', codeName: 'OPERATION_DENIED' });
  });

  it('tells of events until it is asked to stop', async () => {
    const [one, other] = [await connected(), await connected()];
    const domain = await testDomain(one);
    const seen: string[] = [];
    const stop = await one.listen(lifecycleEvent, ({ domain: { name }, event, detail }) =>
      seen.push(`${name} ${event}/${detail}`),
    );
    const stopOther = await one.listen(lifecycleEvent, () => seen.push('of this domain'), domain);
    await other.call(domainDestroy, { domain });
    await eventually(
      () => seen.length === 2,
      () => `two events, not ${seen.join(', ')}`,
    );
    expect(seen.sort()).toEqual(['of this domain', 'test 5/1']);
    await stop();
    await other.call(domainCreate, { domain });
    await eventually(
      () => seen.length === 3,
      () => `three events, not ${seen.join(', ')}`,
    );
    expect(seen.filter((event) => event === 'of this domain')).toHaveLength(2);
    await stopOther();
  });

  it('tells several of the same events, which a daemon tells a connection once', async () => {
    const connection = await connected();
    const domain = await testDomain(connection);
    const seen: string[] = [];
    const listening = (name: string) => connection.listen(lifecycleEvent, () => seen.push(name), domain);
    const [stopFirst, stopSecond] = await Promise.all([listening('first'), listening('second')]);
    await connection.call(domainDestroy, { domain });
    await eventually(() => seen.length === 2, 'both to be told');
    await stopFirst();
    await stopFirst();
    await connection.call(domainCreate, { domain });
    await eventually(() => seen.length === 3, 'the other one to be told');
    expect(seen).toEqual(['first', 'second', 'second']);
    // Nobody has to wait until it has ended.
    const [stopThird] = await Promise.all([stopSecond().then(() => listening('third')), listening('fourth')]);
    await connection.call(domainDestroy, { domain });
    await eventually(() => seen.includes('third') && seen.includes('fourth'), 'those who came later to be told');
    await stopThird();
  });

  it('carries data out of a stream, whole', async () => {
    const connection = await connected();
    const domain = await testDomain(connection);
    const { reply, stream } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    const picture = await buffer(stream);
    expect(reply.mimeType).toBe('image/png');
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect(picture.subarray(-8, -4).toString()).toBe('IEND');
    await eventually(() => connection.openStreams === 0, 'the stream to be over');
    expect(connection.isOpen).toBe(true);
  });

  it('drops a stream that nobody wants to read to its end', async () => {
    const connection = await connected();
    const domain = await testDomain(connection);
    const { stream } = await connection.openStream(domainScreenshot, { domain, screen: 0 });
    stream.destroy();
    await eventually(() => connection.openStreams === 0, 'the daemon to agree');
    expect(await testDomain(connection)).toEqual(domain);
  });

  it('takes a refusal of a stream', async () => {
    const connection = await connected();
    const domain = await testDomain(connection);
    expect(await rejection(connection.openStream(domainOpenConsole, { domain }))).toBeInstanceOf(LibvirtError);
    expect(connection.openStreams).toBe(0);
  });

  it('refuses what has no place in a message, and sends none of it', async () => {
    const connection = await connected();
    const error = await rejection(connection.call(domainLookupByName, { name: 'te\0st' }));
    expect(error).toMatchObject({ name: 'XdrError', message: 'name: a text holds a zero character' });
    expect(connection.inFlight).toBe(0);
  });

  it('gives up a call, and lives with an answer that comes later', async () => {
    const connection = await connected();
    const late = new AbortController();
    const call = connection.call(connectGetHostname, undefined, { signal: late.signal });
    late.abort(new Error('no time'));
    expect(await rejection(call)).toMatchObject({ message: 'no time' });
    expect(connection.inFlight).toBe(1);
    await eventually(() => connection.inFlight === 0, 'the answer');
    expect(connection.isOpen).toBe(true);
    expect(await rejection(connection.call(connectGetHostname, undefined, { signal: late.signal }))).toMatchObject({
      message: 'no time',
    });
  });

  it('tells whoever waits that the daemon is gone, and that what was asked may be done', async () => {
    const own = await startLibvirtd();
    try {
      const connection = await Connection.open({ transport: unixTransport(own.socketPath), uri: 'test:///default' });
      process.kill(own.pid(), 'SIGSTOP');
      const waiting = rejection(connection.call(connectGetHostname));
      const impatient = await rejection(connection.call(connectGetHostname, undefined, { timeoutMs: 20 }));
      expect(impatient).toBeInstanceOf(CallTimeoutError);
      expect(impatient).toMatchObject({ wasSent: true, message: 'connect_get_hostname was not answered within 20 ms' });
      await own.kill();
      expect(await waiting).toBeInstanceOf(ConnectionLostError);
      expect(await waiting).toMatchObject({ wasSent: true });
      expect(await connection.closed).toBeInstanceOf(ConnectionLostError);
      expect(await rejection(connection.call(connectGetHostname))).toMatchObject({
        name: 'ConnectionLostError',
        wasSent: false,
      });
      expect(await rejection(Connection.open({ transport: unixTransport(own.socketPath) }))).toMatchObject({
        name: 'ConnectionLostError',
        wasSent: false,
        message: expect.stringContaining(own.socketPath),
      });
    } finally {
      await own.stop();
    }
  });

  it('notices a daemon that does not say anything any more', async () => {
    const own = await startLibvirtd();
    try {
      const connection = await Connection.open({
        transport: unixTransport(own.socketPath),
        uri: 'test:///default',
        keepalive: { intervalMs: 50, count: 2 },
      });
      process.kill(own.pid(), 'SIGSTOP');
      expect(await connection.closed).toMatchObject({ message: 'the daemon did not answer 2 times, every 50 ms' });
    } finally {
      await own.stop();
    }
  });

  it('ends what waits when its owner closes it, and does not wait long for a daemon that hangs', async () => {
    const own = await startLibvirtd();
    try {
      const connection = await Connection.open({ transport: unixTransport(own.socketPath), uri: 'test:///default' });
      process.kill(own.pid(), 'SIGSTOP');
      const waiting = rejection(connection.call(connectGetHostname));
      await connection.close();
      expect(await waiting).toMatchObject({ name: 'ConnectionLostError', wasSent: true });
      expect(connection.isOpen).toBe(false);
    } finally {
      await own.stop();
    }
  });
});

describe('a volume', () => {
  it('is uploaded and downloaded, of any size', async () => {
    const connection = await Connection.open({ transport: unixTransport(daemon.socketPath), uri: daemon.qemuUri });
    open.push(connection);
    const directory = join(daemon.dataDir, 'pool');
    mkdirSync(directory);
    const { pool } = await connection.call(storagePoolCreateXml, {
      xml: `<pool type="dir"><name>images</name><target><path>${directory}</path></target></pool>`,
    });
    const content = randomBytes(5_000_001);
    const { volume } = await connection.call(storageVolCreateXml, {
      pool,
      xml: `<volume><name>image</name><capacity>${content.length}</capacity></volume>`,
    });
    const range = { volume, offset: 0n, length: BigInt(content.length) };
    const up = await connection.openStream(storageVolUpload, range);
    await pipeline(Readable.from([content.subarray(0, 1_000_000), content.subarray(1_000_000)]), up.stream);
    const down = await connection.openStream(storageVolDownload, { ...range, length: 0n });
    const received = await buffer(down.stream);
    expect(received.length).toBe(content.length);
    expect(received.equals(content)).toBe(true);
    expect(readFileSync(join(directory, 'image')).equals(content)).toBe(true);
    await eventually(() => connection.openStreams === 0, 'both streams to be over');
    await connection.call(storageVolDelete, { volume });
    expect(existsSync(join(directory, 'image'))).toBe(false);
  });

  it('that is read slowly holds up its connection, and loses nothing', async () => {
    const connection = await Connection.open({ transport: unixTransport(daemon.socketPath), uri: daemon.qemuUri });
    open.push(connection);
    const { pool } = await connection.call(storagePoolLookupByName, { name: 'images' });
    const content = randomBytes(8_000_000);
    writeFileSync(join(daemon.dataDir, 'pool', 'slow'), content);
    await connection.call(storagePoolRefresh, { pool });
    const { volume } = await connection.call(storageVolLookupByName, { pool, name: 'slow' });
    const { stream } = await connection.openStream(storageVolDownload, { volume, offset: 0n, length: 0n });
    await eventually(() => stream.readableLength >= stream.readableHighWaterMark, 'more data than anybody reads');
    const heldAt = stream.readableLength;
    const hostname = connection.call(connectGetHostname);
    const answers: string[] = [];
    void hostname.then(() => answers.push('here'));
    const beside = await connected();
    for (let count = 0; count < 20; count++) await beside.call(connectGetHostname);
    answers.push('beside');
    expect(answers).toEqual(['beside']);
    expect(stream.readableLength).toBeLessThan(heldAt + 2_000_000);
    expect((await buffer(stream)).equals(content)).toBe(true);
    expect(await hostname).toEqual({ hostname: expect.any(String) });
    expect(answers).toEqual(['beside', 'here']);
  });
});
