import { afterEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import { eventually } from '../../../test/support/eventually.js';
import { rejectionOf } from '../../../test/support/failure-of.js';
import { LIBVIRT_CACHE } from '../../../test/support/libvirt-cache.js';
import {
  CallTimeoutError,
  connect,
  type Connection,
  ConnectionLostError,
  ConnectionPool,
  connectGetHostname,
  type DomainRef,
  domainCreate,
  domainCreateXml,
  domainDestroy,
  domainGetState,
  domainGetXmlDesc,
  domainLookupByName,
  domainMemoryStats,
  domainScreenshot,
  DomainState,
  lifecycleEvent,
  storagePoolLookupByName,
} from '../src/index.js';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Opened {
  readonly pool: ConnectionPool;
  readonly connections: Connection[];
}

function poolOf(uri: string, options: { maxSlowConnections?: number } = {}): Opened {
  const connections: Connection[] = [];
  const open = async (signal: AbortSignal): Promise<Connection> => {
    const connection = await connect(uri, {}, signal);
    connections.push(connection);
    return connection;
  };
  const pool = new ConnectionPool({ open, ...options });
  ends.push(() => pool.close());
  return { pool, connections };
}

async function daemonOf(emulators?: readonly string[]): Promise<Libvirtd> {
  const daemon = await startLibvirtd(emulators && { emulators, cacheDir: LIBVIRT_CACHE });
  ends.push(() => daemon.stop());
  return daemon;
}

const testUri = ({ socketPath }: Libvirtd): string => `test+unix:///default?socket=${socketPath}`;

async function testDomain(pool: ConnectionPool): Promise<DomainRef> {
  return (await pool.call(domainLookupByName, { name: 'test' })).domain;
}

describe('a pool of connections to one daemon', () => {
  it('opens a connection when it needs one, and no more', async () => {
    const { pool, connections } = poolOf(testUri(await daemonOf()));
    expect(connections).toHaveLength(0);
    const domains = await Promise.all(Array.from({ length: 20 }, () => testDomain(pool)));
    expect(connections).toHaveLength(1);
    const [domain] = domains;
    if (domain === undefined) throw new Error('there is no domain');
    await pool.call(domainGetXmlDesc, { domain });
    await pool.call(domainGetXmlDesc, { domain });
    expect(connections).toHaveLength(2);
    await Promise.all(Array.from({ length: 100 }, () => pool.call(domainGetXmlDesc, { domain })));
    expect(connections.length).toBeLessThanOrEqual(5);
    expect(connections.every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  it('has no more calls under way on a connection than a daemon works on', async () => {
    const daemon = await daemonOf();
    const { pool, connections } = poolOf(testUri(daemon), { maxSlowConnections: 2 });
    const domain = await testDomain(pool);
    await pool.call(domainGetXmlDesc, { domain });
    process.kill(daemon.pid(), 'SIGSTOP');
    const slow = Array.from({ length: 12 }, () => pool.call(storagePoolLookupByName, { name: 'default-pool' }));
    const ofDomain = Array.from({ length: 6 }, () => pool.call(domainGetXmlDesc, { domain }));
    const quick = Array.from({ length: 6 }, () => pool.call(domainGetState, { domain }));
    const impatient = await rejectionOf(pool.call(domainGetState, { domain }, { timeoutMs: 50 }), CallTimeoutError);
    expect(impatient).toMatchObject({
      wasSent: false,
      message: 'there was no place for domain_get_state within 50 ms',
    });
    const gone = new AbortController();
    const givenUp = pool.call(domainGetState, { domain }, { signal: gone.signal });
    gone.abort(new Error('not any more'));
    await expect(givenUp).rejects.toThrow('not any more');
    expect(Math.max(...connections.map(({ inFlight }) => inFlight))).toBe(4);
    process.kill(daemon.pid(), 'SIGCONT');
    expect((await Promise.all(slow)).every(({ pool: { name } }) => name === 'default-pool')).toBe(true);
    expect((await Promise.all(ofDomain)).every(({ xml }) => xml.includes('<name>test</name>'))).toBe(true);
    expect((await Promise.all(quick)).every(({ state }) => state === DomainState.VIR_DOMAIN_RUNNING)).toBe(true);
  });

  it('waits for a place as long as it is told to, however long that is', async () => {
    const { pool } = poolOf(testUri(await daemonOf()));
    // More than a timer of Node takes. Nothing is connected yet, so that this waits.
    await expect(pool.call(connectGetHostname, undefined, { timeoutMs: 2 ** 31 })).resolves.toHaveProperty('hostname');
  });

  it('counts a call that nobody waits for any more until the daemon has answered it', async () => {
    const daemon = await daemonOf();
    const { pool, connections } = poolOf(testUri(daemon));
    const domain = await testDomain(pool);
    process.kill(daemon.pid(), 'SIGSTOP');
    for (let count = 0; count < 4; count++)
      await rejectionOf(pool.call(domainGetState, { domain }, { timeoutMs: 20 }), CallTimeoutError);
    const next = pool.call(domainGetState, { domain });
    expect(connections[0]?.inFlight).toBe(4);
    process.kill(daemon.pid(), 'SIGCONT');
    expect(await next).toMatchObject({ state: DomainState.VIR_DOMAIN_RUNNING });
  });

  it('connects again after the daemon was gone, and tells listeners of the gap', async () => {
    const daemon = await daemonOf();
    const { pool } = poolOf(testUri(daemon));
    const told: string[] = [];
    const stop = await pool.listen(lifecycleEvent, {
      onEvent: ({ event }) => told.push(`event ${event}`),
      onGap: () => told.push('gap'),
    });
    const domain = await testDomain(pool);
    await pool.call(domainDestroy, { domain });
    await eventually(() => told.length === 1, 'the first event');
    await daemon.kill();
    const lost = await rejectionOf(pool.call(connectGetHostname), ConnectionLostError);
    expect(lost.wasSent).toBe(false);
    await daemon.restart();
    await eventually(
      () => told.includes('gap'),
      () => `the gap to be told, not ${told.join(', ')}`,
    );
    await pool.call(domainDestroy, { domain });
    await eventually(
      () => told.length === 3,
      () => `an event after the gap, not ${told.join(', ')}`,
    );
    expect(told).toEqual(['event 5', 'gap', 'event 5']);
    await stop();
    await pool.call(domainCreate, { domain });
    await pool.call(domainDestroy, { domain });
    expect(told).toHaveLength(3);
  });

  it('gives each stream a connection, and takes it back', async () => {
    const { pool, connections } = poolOf(testUri(await daemonOf()));
    const domain = await testDomain(pool);
    const { stream } = await pool.openStream(domainScreenshot, { domain, screen: 0 });
    expect((await buffer(stream)).subarray(1, 4).toString()).toBe('PNG');
    await eventually(() => connections[1]?.isOpen === false, 'the connection of the stream to be closed');
    expect(connections[0]?.isOpen).toBe(true);
  });

  it('sends those away who wait when it is closed', async () => {
    const daemon = await daemonOf();
    const { pool } = poolOf(testUri(daemon));
    const domain = await testDomain(pool);
    process.kill(daemon.pid(), 'SIGSTOP');
    const waiting = Array.from({ length: 6 }, () =>
      rejectionOf(pool.call(domainGetState, { domain }), ConnectionLostError),
    );
    await pool.close();
    expect((await Promise.all(waiting)).map(({ wasSent }) => wasSent)).toEqual([true, true, true, true, false, false]);
    expect((await rejectionOf(pool.call(connectGetHostname), ConnectionLostError)).message).toContain('was closed');
  });

  it('lets a frozen guest delay its own calls only', async () => {
    const daemon = await daemonOf(['x86_64']);
    const { pool } = poolOf(`qemu+unix:///${daemon.qemuUri.slice('qemu:///'.length)}?socket=${daemon.socketPath}`);
    const [frozen, other] = [await guest(pool, 'frozen'), await guest(pool, 'other')];
    const pid = Number(readFileSync(pidFileOf(daemon, 'frozen'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    try {
      let answered = 0;
      const stuck = Array.from({ length: 7 }, async () => {
        const answer = await pool.call(domainMemoryStats, { domain: frozen, max: 13 }, { timeoutMs: 600_000 });
        answered += 1;
        return answer;
      });
      const ended = Promise.allSettled(stuck);
      const tooMany = rejectionOf(
        pool.call(domainMemoryStats, { domain: frozen, max: 13 }, { timeoutMs: 150 }),
        CallTimeoutError,
      );
      expect(await Promise.race([...stuck, tooMany])).toMatchObject({ wasSent: false });
      for (let query = 0; query < 10; query++) {
        for (const domain of [other, frozen])
          expect(await pool.call(domainGetState, { domain })).toMatchObject({ state: DomainState.VIR_DOMAIN_RUNNING });
      }
      expect((await pool.call(domainMemoryStats, { domain: other, max: 13 })).stats.length).toBeGreaterThan(0);
      // All of that came before any answer of the one that is frozen. `npm run bench:libvirt` has the times.
      expect(answered).toBe(0);
      process.kill(pid, 'SIGCONT');
      for (const end of await ended) {
        if (end.status === 'fulfilled') expect(end.value.stats.length).toBeGreaterThan(0);
        // Behind another one libvirt lets a call wait for half a minute, which the above may take on a busy machine.
        else expect(end.reason).toMatchObject({ codeName: 'OPERATION_TIMEOUT' });
      }
      process.kill(pid, 'SIGSTOP');
      const hanging = pool.call(domainMemoryStats, { domain: frozen, max: 13 });
      await pool.call(domainDestroy, { domain: frozen });
      await Promise.allSettled([hanging]); // answered or refused, it does not hang any more
    } finally {
      await pool.call(domainDestroy, { domain: other });
    }
  }, 240_000);
});

async function guest(pool: ConnectionPool, name: string): Promise<DomainRef> {
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;
  return (await pool.call(domainCreateXml, { xml })).domain;
}

function pidFileOf({ dataDir, qemuUri }: Libvirtd, name: string): string {
  return join(dataDir, 'run', 'libvirt', 'qemu', qemuUri.endsWith('system') ? '' : 'run', `${name}.pid`);
}
