import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  connectGetHostname,
  connectListAllDomains,
  domainCreate,
  domainDestroy,
  domainGetState,
  domainGetXmlDesc,
  domainLookupByName,
  DomainEventType,
  DomainState,
  lifecycleEvent,
} from 'node-libvirt';
import { type Libvirtd, startLibvirtd } from '../../../scripts/libvirtd.mjs';
import type { Outgoing } from '../../../src/common/outgoing.js';
import { failureOf, type LibvirtFailure } from '../../../src/drivers/virsh/client/libvirt-failure.js';
import { hostWatch } from '../../../src/drivers/virsh/client/libvirt-pool.js';
import type { LastingFact, LibvirtLink } from '../../../src/drivers/virsh/client/libvirt-link.js';
import { toVirshComputeError } from '../../../src/drivers/virsh/virsh.errors.js';
import { accessOf, VirshSettingsSchema } from '../../../src/drivers/virsh/virsh.settings.js';
import { eventually } from '../../support/eventually.js';
import { rejectionOf } from '../../support/failure-of.js';
import { LinkBench, testUri } from './link-bench.js';

let daemon: Libvirtd;
beforeAll(async () => {
  daemon = await startLibvirtd();
});
afterAll(async () => {
  await daemon.stop();
});

let bench: LinkBench;
beforeEach(() => {
  bench = new LinkBench();
});
afterEach(async () => {
  await bench.stop();
});

const names = async (link: LibvirtLink): Promise<string[]> =>
  (await link.caller({}).call(connectListAllDomains, {})).domains.map(({ name }) => name);

async function failed(promise: Promise<unknown>): Promise<LibvirtFailure> {
  const failure = failureOf(await rejectionOf(promise, Error));
  if (failure === undefined) throw new Error('it is no failure of libvirt');
  return failure;
}

describe('a link to libvirt', () => {
  test('is one for all who reach the same daemon as the same user', async () => {
    const settings = { uri: testUri(daemon) };
    const one = bench.hold(settings);
    const other = bench.hold(settings);
    const access = accessOf(VirshSettingsSchema.parse(settings));
    expect(one.link).toBe(other.link);
    expect(bench.pool.borrow(access, bench.ports)).toBe(one.link);
    expect(await names(one.link)).toEqual(['test']);
    await one.release();
    await other.release();
    // It was borrowed too.
    expect(await names(one.link)).toEqual(['test']);
    await bench.pool.closeBorrowed();
    expect(await failed(names(one.link))).toMatchObject({ way: 'closed', isTransient: false, mayHaveRun: false });
    expect(bench.pool.borrow(access, bench.ports)).not.toBe(one.link);
  });

  test('that is borrowed is closed when nobody uses it', async () => {
    const { LibvirtPool } = await import('../../../src/drivers/virsh/client/libvirt-pool.js');
    const pool = new LibvirtPool(20);
    const link = pool.borrow(accessOf(VirshSettingsSchema.parse({ uri: testUri(daemon) })), bench.ports);
    expect(await names(link)).toEqual(['test']);
    await eventually(
      async () => (await failed(link.hostUuid()).catch(() => undefined))?.way === 'closed',
      'it is closed',
    );
    await pool.closeBorrowed();
  });

  test('knows its host, by name where the driver has no UUID', async () => {
    const { link } = bench.hold({ uri: testUri(daemon) });
    expect(await link.hostUuid()).toBe(hostname().toLowerCase());
    expect(link).toMatchObject({ label: 'test:///default' });
    const gone = AbortSignal.abort(new Error('not any more'));
    await expect(link.hostUuid(gone)).rejects.toThrow('not any more');
  });

  test('asks once for what holds as long as the daemon does, and again after a failure or another daemon', async () => {
    const { link } = bench.hold({ uri: testUri(daemon) });
    let asked = 0;
    const read: LastingFact<string> = async (caller) => {
      asked += 1;
      if (asked === 1) throw new Error('not now');
      return (await caller.call(connectGetHostname)).hostname;
    };
    await expect(link.lasting(read)).rejects.toThrow('not now');
    expect(await Promise.all([link.lasting(read), link.lasting(read)])).toEqual([hostname(), hostname()]);
    expect(await link.lasting(read)).toBe(hostname());
    expect(asked).toBe(2);
    await daemon.kill();
    await daemon.restart();
    await eventually(async () => {
      await link.lasting(read).catch(() => undefined);
      return asked > 2;
    }, 'it is asked for again');
  });

  test('tells of each call that somebody makes', async () => {
    const told: unknown[] = [];
    const outgoing: Outgoing = {
      begin: (request) => {
        const one = { ...request, outcome: undefined as unknown };
        told.push(one);
        return { headers: {}, end: (outcome) => void (one.outcome = outcome) };
      },
    };
    const caller = bench.hold({ uri: testUri(daemon) }).link.caller({ outgoing });
    await caller.call(connectGetHostname);
    await rejectionOf(caller.call(domainLookupByName, { name: 'none' }), Error);
    const host = hostname().toLowerCase();
    expect(told).toEqual([
      { method: 'connect_get_hostname', host, port: 0, outcome: 0 },
      { method: 'domain_lookup_by_name', host, port: 0, outcome: 'VIR_ERR_NO_DOMAIN' },
    ]);
  });

  test('gives every call the time that the settings name', async () => {
    const { link } = bench.hold({ uri: testUri(daemon), request_timeout_ms: 3000 });
    await names(link);
    process.kill(daemon.pid(), 'SIGSTOP');
    try {
      const unanswered = { way: 'no-answer', wasSent: true, isTransient: true };
      const within = (ms: number) => ({ ...unanswered, text: expect.stringContaining(`not answered within ${ms} ms`) });
      expect(await failed(names(link))).toMatchObject(within(3000));
      const impatient = link.caller({}).call(connectGetHostname, undefined, { timeoutMs: 20 });
      expect(await failed(impatient)).toMatchObject(within(20));
    } finally {
      process.kill(daemon.pid(), 'SIGCONT');
    }
    expect(await names(link)).toEqual(['test']);
  });

  test('connects again by itself after the daemon was gone, and tells of the gap', async () => {
    const events: string[] = [];
    const watch = hostWatch(lifecycleEvent, {
      onEvent: ({ domain, event }) => events.push(`${domain.name} ${event}`),
      onGap: () => events.push('gap'),
    });
    const { link } = bench.hold({ uri: testUri(daemon) }, { watches: [watch] });
    const caller = link.caller({});
    // Nobody has asked for a connection yet: listening makes none.
    expect(link.idleMs).toBeGreaterThan(0);
    const { domain } = await caller.call(domainLookupByName, { name: 'test' });
    const destroyed = `test ${DomainEventType.VIR_DOMAIN_EVENT_STOPPED}`;
    await eventually(async () => {
      const { state } = await caller.call(domainGetState, { domain });
      if (state === DomainState.VIR_DOMAIN_RUNNING) await caller.call(domainDestroy, { domain });
      else await caller.call(domainCreate, { domain });
      return events.includes(destroyed);
    }, 'an event comes');

    await daemon.kill();
    await eventually(async () => (await failed(names(link))).way === 'unreachable', 'the daemon is missed');
    const failure = await rejectionOf(names(link), Error);
    expect(failureOf(failure)).toMatchObject({ isTransient: true, mayHaveRun: false });
    const doing = { what: 'listing', libvirt: link.label, changes: true };
    expect(toVirshComputeError(failure, doing)).toMatchObject({ code: 'BACKEND_UNREACHABLE', outcome: 'not-started' });

    await daemon.restart();
    expect(await names(link)).toEqual(['test']);
    await eventually(() => events.includes('gap'), 'the gap is told');
    const again = (await caller.call(domainLookupByName, { name: 'test' })).domain;
    events.length = 0;
    await caller.call(domainDestroy, { domain: again });
    await eventually(() => events.includes(destroyed), 'an event comes on the new connection');
  });

  test('says of a call during which the daemon was killed that it may have been carried out', async () => {
    const { link } = bench.hold({ uri: testUri(daemon) });
    await names(link);
    process.kill(daemon.pid(), 'SIGSTOP');
    const lost = failed(names(link));
    await daemon.kill();
    await daemon.restart();
    expect(await lost).toMatchObject({ way: 'lost', wasSent: true, mayHaveRun: true, isTransient: true });
    expect(await names(link)).toEqual(['test']);
  });
});

describe('a peer that is no libvirt daemon', () => {
  let folder: string;
  let server: Server;
  let path: string;
  let answer: Buffer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zenova-garbage-'));
    path = join(folder, 'sock');
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.end(answer));
    });
    server.listen(path);
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['garbage', randomBytes(4096)],
    ['a message longer than any', Buffer.from('7fffffff', 'hex')],
    ['a web page', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n<html>')],
    ['nothing', Buffer.alloc(0)],
  ])('is an error, and nothing worse: %s', async (_title, bytes) => {
    answer = bytes;
    const { link } = bench.hold({ uri: `qemu+unix:///system?socket=${path}` });
    const failure = await rejectionOf(link.caller({}).call(domainGetXmlDesc, someDomain), Error);
    const code = expect.stringMatching(/^BACKEND_(PROTOCOL|UNREACHABLE)$/);
    const doing = { what: 'reading', libvirt: link.label, changes: false };
    expect(toVirshComputeError(failure, doing)).toMatchObject({
      code,
      retry: 'safe',
      outcome: expect.not.stringMatching('unknown'),
    });
  });
});

const someDomain = { domain: { name: 'd', uuid: '00000000-0000-0000-0000-000000000001', id: -1 } };
