import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../../src/common/clock.js';
import { targetKey } from '../../src/common/ids.js';
import { createLog, type LeveledLog } from '../../src/common/log.js';
import { SEED_FILES, type SeedContent } from '../../src/compute/contract/index.js';
import { SeedOffers, seedContent } from '../../src/first-boot/index.js';
import { SeedListener } from '../../src/http/index.js';
import type { OpenJournal } from '../../src/journal/index.js';
import { PLACES, accepted, claimed, type JournalPlace } from '../journal/journal-places.js';
import { Canary, leaks } from '../support/canaries.js';
import { eventually } from '../support/eventually.js';

const instance = targetKey('fake', 'site', 'one');

describe.each(PLACES)('the listener for seeds, before a journal on %s', (_, makePlace) => {
  let place: JournalPlace;
  let opened: OpenJournal;
  let listener: SeedListener;
  let log: LeveledLog;
  let lines: string[];
  beforeEach(async () => {
    place = await makePlace();
    opened = await place.open();
    lines = [];
    log = createLog('debug', { write: (line: string) => lines.push(line) });
    listener = await listen();
  });
  afterEach(async () => {
    await listener.close();
    await opened.close();
    await place.remove();
  });

  const listen = (clock: Clock = systemClock): Promise<SeedListener> =>
    SeedListener.start({ bind: '127.0.0.1', port: 0 }, opened.seedStore, { clock, log });

  /** Where the guest is told to look. */
  async function offered(content = described()): Promise<string> {
    const lease = await claimed(opened, await accepted(opened));
    const offers = new SeedOffers(opened.seedStore, 'http://seeds.example:8781');
    const { url } = await offers.offer(lease, instance, content);
    expect(url).toMatch(/^http:\/\/seeds\.example:8781\/v1\/seed\/[0-9a-f]{32}\/$/);
    return new URL(url).pathname;
  }

  const described = (more: Partial<Parameters<typeof seedContent>[0]> = {}): SeedContent =>
    seedContent({
      instanceId: 'i-1',
      name: 'web1',
      userData: '#!/bin/sh\ntrue\n',
      nics: [{ mac: '02:00:00:00:00:01' }],
      ...more,
    });

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${listener.port}${path}`, init);

  it('serves each file, to its byte, and is through when all were read', async () => {
    const content = described({ files: [{ path: '/etc/motd', content: Buffer.from('Grüße\n').toString('base64') }] });
    const path = await offered(content);
    for (const file of ['network-config', 'meta-data', 'user-data', 'vendor-data'] as const) {
      const answer = await ask(`${path}${file}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await answer.text()).toBe(content[file]);
    }
    await eventually(
      async () => (await opened.seedStore.find(path.split('/')[3] ?? '')) === undefined,
      'it to be gone',
    );
    for (const file of SEED_FILES) expect((await ask(`${path}${file}`)).status).toBe(404);
    expect(listener.counts).toMatchObject({ read: 4, unknown: 4 });
  });

  it('gives nothing away by asking for heads', async () => {
    const path = await offered();
    for (const file of SEED_FILES) {
      const answer = await ask(`${path}${file}`, { method: 'HEAD' });
      expect(answer.status).toBe(200);
      expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(0);
    }
    expect(await (await ask(`${path}user-data`)).text()).toContain('#!/bin/sh');
    expect(listener.counts).toMatchObject({ head: 4, read: 1 });
  });

  it('answers everything else alike, and lists nothing', async () => {
    const path = await offered();
    const paths = ['/', '/v1/seed/', path, `${path}passwd`, `${path}user-data?x=1`, `${path}user-data/`];
    paths.push(`/v1/seed/${'0'.repeat(32)}/user-data`, '/v1/seed/../seed/user-data', path.toUpperCase(), '/healthz');
    const answers = await Promise.all([
      ...paths.map((other) => ask(other)),
      ask(`${path}user-data`, { method: 'POST' }),
    ]);
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect(new Set(bodies)).toEqual(new Set(['not found\n']));
    expect(await (await ask(`${path}user-data`)).text()).toContain('#!/bin/sh');
  });

  it('goes on over a restart, at any of the workers', async () => {
    const path = await offered();
    expect((await ask(`${path}meta-data`)).status).toBe(200);
    expect((await ask(`${path}user-data`)).status).toBe(200);
    await eventually(() => lines.filter((line) => line.includes('reads its seed')).length === 2, 'both to be noted');
    await listener.close();
    await opened.close();
    opened = await place.open();
    listener = await listen();
    expect((await ask(`${path}vendor-data`)).status).toBe(200);
    await eventually(async () => (await ask(`${path}user-data`)).status === 404, 'the last one to be noted');
  });

  it('says when it cannot look, and that asking again helps', async () => {
    const path = await offered();
    await opened.close();
    const answer = await ask(`${path}user-data`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect(listener.counts).toMatchObject({ unavailable: 1, read: 0 });
  });

  it('slows down who asks too often', async () => {
    await listener.close();
    // So many at once, however long they take.
    listener = await listen({ ...systemClock, now: () => 0 });
    const statuses = new Map<number, number>();
    await Promise.all(
      Array.from({ length: 300 }, async () => {
        const { status } = await ask('/v1/seed/nothing');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
    expect(Object.fromEntries(statuses)).toEqual({ 404: 100, 429: 200 });
    expect(listener.counts.limited).toBe(200);
  });

  it('keeps every secret of a seed to itself', async () => {
    const secrets = [
      Canary.plain('the password'),
      Canary.plain('what is in user data'),
      Canary.plain('what is in a file'),
      Canary.plain('what is in metadata'),
    ] as const;
    const [password, inUserData, inFile, inMetadata] = secrets;
    const path = await offered(
      described({
        adminPassword: password.text,
        userData: `#cloud-config\nphone_home: {url: 'https://x/${inUserData.text}'}\n`,
        files: [{ path: '/etc/key', content: Buffer.from(inFile.text).toString('base64') }],
        metadata: { role: inMetadata.text },
      }),
    );
    const token = path.split('/')[3] ?? '';
    const unread = filesOf(place.directory);
    const sent = new Map<string, Buffer>();
    for (const file of ['meta-data', 'user-data', 'vendor-data'] as const) {
      sent.set(file, Buffer.from(await (await ask(`${path}${file}`)).text()));
    }
    // The password is not even in what the guest reads; this one is, so that it would have been found.
    expect(leaks([password, inMetadata], sent)).toEqual([expect.stringContaining('what is in metadata, as it is')]);
    await eventually(() => lines.some((line) => line.includes('has read its seed')), 'the end to be logged');
    const outputs = new Map([...unread, ...filesOf(place.directory), ['log', Buffer.from(lines.join('\n'))] as const]);
    expect(leaks([...secrets, Canary.plain('the token', token)], outputs)).toEqual([]);
  });
});

function filesOf(directory: string): Map<string, Buffer> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));
}
