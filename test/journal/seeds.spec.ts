import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { systemClock } from '../../src/common/clock.js';
import { targetKey } from '../../src/common/ids.js';
import { silentLog } from '../../src/common/log.js';
import { isLeaseLost, type SeedContent } from '../../src/compute/contract/index.js';
import { openDatabase } from '../../src/journal/database.js';
import type { OpenJournal } from '../../src/journal/index.js';
import type { Lease } from '../../src/journal/journal.port.js';
import { PLACES, accepted, claimed, target, type JournalPlace } from './journal-places.js';

const HALF_AN_HOUR = 30 * 60_000;
const instance = targetKey('fake', 'site', 'one');
const SECRET = 'canary-4f0d';

const content = (mark = 'first'): SeedContent => ({
  'meta-data': `instance-id: ${mark}`,
  'user-data': `#cloud-config\npassword: ${SECRET}`,
  'vendor-data': '',
  'network-config': '',
});
const newToken = (): string => randomBytes(16).toString('hex');

describe.each(PLACES)('seeds in a journal on %s', (_, makePlace) => {
  let place: JournalPlace;
  let opened: OpenJournal;
  let lease: Lease;
  beforeEach(async () => {
    place = await makePlace();
    opened = await place.open();
    lease = await claimed(opened, await accepted(opened));
  });
  afterEach(async () => {
    await opened.close();
    await place.remove();
  });

  /** Asks the database by itself; a file can only be had by one. */
  async function rows<Row>(statement: ReturnType<typeof sql<Row>>): Promise<Row[]> {
    await opened.close();
    const bare = await openDatabase(place.database, { clock: systemClock, log: silentLog });
    const answer = await statement.execute(bare.db);
    await bare.close();
    opened = await place.open();
    return answer.rows;
  }

  const keep = (more: { token?: string; mark?: string; by?: Lease } = {}) =>
    opened.seedStore.keep({ instance, content: content(more.mark), token: more.token ?? newToken() }, more.by ?? lease);

  it('are read by their token, over a restart, for half an hour', async () => {
    const token = newToken();
    const before = Date.now();
    const kept = await keep({ token });
    expect(kept.token).toBe(token);
    expect(Math.abs(kept.expiresAt - before - HALF_AN_HOUR)).toBeLessThan(60_000);
    await opened.close();
    opened = await place.open();
    expect(await opened.seedStore.find(token)).toEqual(content());
    expect(await opened.seedStore.find(newToken())).toBeUndefined();
    await rows(sql`update seeds set expires_at = ${Date.now() - 1}`);
    expect(await opened.seedStore.find(token)).toBeUndefined();
  });

  it('are the same ones for an operation that asks again', async () => {
    const first = await keep();
    expect(await keep({ mark: 'second' })).toEqual(first);
    expect(await opened.seedStore.find(first.token)).toEqual(content('first'));
  });

  it('that have run out are made anew for an operation that asks again', async () => {
    const first = await keep();
    await rows(sql`update seeds set expires_at = ${Date.now() - 1}`);
    const second = await keep({ mark: 'second' });
    expect(second.token).not.toBe(first.token);
    expect(await opened.seedStore.find(second.token)).toEqual(content('second'));
    expect(await opened.seedStore.find(first.token)).toBeUndefined();
  });

  it.each([
    ['as newer readers do', ['network-config', 'meta-data', 'user-data', 'vendor-data']],
    ['as older readers do', ['meta-data', 'user-data', 'vendor-data']],
    ['with one of them twice', ['meta-data', 'meta-data', 'vendor-data', 'user-data']],
  ] as const)('are gone once they were read to their end, %s', async (_how, files) => {
    const { token } = await keep();
    for (const file of files.slice(0, -1)) {
      expect(await opened.seedStore.noteRead(token, file)).toBe(false);
      expect(await opened.seedStore.find(token)).toBeDefined();
    }
    expect(await opened.seedStore.noteRead(token, files.at(-1) ?? 'user-data')).toBe(true);
    expect(await opened.seedStore.find(token)).toBeUndefined();
    expect(await opened.seedStore.noteRead(token, 'user-data')).toBe(false);
    expect(await rows(sql`select content from seeds`)).toEqual([{ content: null }]);
    // Who was to start the guest, and does not know whether it has, finds the address that it had.
    expect(await keep({ mark: 'second' })).toMatchObject({ token });
    expect(await opened.seedStore.find(token)).toBeUndefined();
  });

  it('give way to those of the next operation of their instance, and only of theirs', async () => {
    const { token: first } = await keep();
    const elsewhere = targetKey('fake', 'site', 'two');
    const other = await claimed(opened, await accepted(opened, { target: elsewhere }));
    const third = newToken();
    await opened.seedStore.keep({ instance: elsewhere, content: content('other'), token: third }, other);
    expect(await opened.seedStore.find(first)).toBeDefined();
    const next = await claimed(opened, await accepted(opened, { target: targetKey('fake', 'site', 'name') }));
    const { token: second } = await keep({ mark: 'second', by: next });
    expect(await opened.seedStore.find(first)).toBeUndefined();
    expect(await opened.seedStore.find(second)).toEqual(content('second'));
    expect(await opened.seedStore.find(third)).toEqual(content('other'));
  });

  it('are not touched by who has lost the lease', async () => {
    const record = await accepted(opened, { target: targetKey('fake', 'site', 'name') });
    const old = await claimed(opened, record);
    const current = await claimed(opened, record);
    const { token } = await keep();
    expect(isLeaseLost(await keep({ by: old }).catch((error: unknown) => error))).toBe(true);
    expect(await opened.seedStore.find(token)).toEqual(content());
    await keep({ by: current });
    expect(await opened.seedStore.find(token)).toBeUndefined();
  });

  it('are withdrawn with their instance, and when somebody says so', async () => {
    const { token } = await keep();
    await opened.seedStore.withdraw(targetKey('fake', 'site', 'two'));
    expect(await opened.seedStore.find(token)).toBeDefined();
    await opened.seedStore.withdraw(instance);
    expect(await opened.seedStore.find(token)).toBeUndefined();
    const { token: again } = await keep();
    await opened.instances.disown(target, lease);
    expect(await opened.seedStore.find(again)).toBeUndefined();
  });

  it('are encrypted, and pruned', async () => {
    const { token } = await keep();
    const [row] = await rows<Record<string, unknown>>(sql`select * from seeds`);
    expect(JSON.stringify(row)).not.toContain(SECRET);
    expect(JSON.stringify(row)).not.toContain(token);
    await opened.journal.prune({ olderThanMs: 86_400_000, now: Date.now() });
    expect(await opened.seedStore.find(token)).toBeDefined();
    await rows(sql`update seeds set expires_at = ${Date.now() - 1}`);
    await opened.journal.prune({ olderThanMs: 86_400_000, now: Date.now() });
    expect(await rows(sql`select * from seeds`)).toEqual([]);
  });
});
