import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../common/clock.js';
import { ComputeError } from '../common/errors/index.js';
import { newOperationId, targetKey } from '../common/ids.js';
import { openJournal, type OpenJournal } from './index.js';
import type { NewOperation } from './journal.port.js';

const target = targetKey('fake', 'site', 'one');

function operation(overrides: Partial<NewOperation> = {}): NewOperation {
  const id = newOperationId();
  return {
    id,
    requestedBy: 'tester',
    requestKey: `key-${id}`,
    fingerprint: 'f',
    messageId: null,
    correlationId: null,
    method: 'compute.power_on',
    driver: 'fake',
    target,
    targetSettled: true,
    host: 'site',
    name: 'one',
    params: { host: 'site', instance: 'one' },
    replyTo: null,
    acceptedAt: 1000,
    notAfter: null,
    ...overrides,
  };
}

describe('the journal on SQLite', () => {
  let directory: string;
  let opened: OpenJournal;
  const options = () => ({ file: join(directory, 'journal.db'), keyFile: join(directory, 'key'), maxPerTarget: 3 });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zenova-journal-'));
    opened = await openJournal(options(), systemClock);
  });
  afterEach(async () => {
    await opened.journal.close();
    rmSync(directory, { recursive: true });
  });
  const reopen = async () => {
    await opened.journal.close();
    opened = await openJournal(options(), systemClock);
  };

  it('keeps one operation per caller and key, across restarts', async () => {
    const first = await opened.journal.accept(operation({ requestKey: 'k' }));
    await reopen();
    const repeat = await opened.journal.accept(operation({ requestKey: 'k' }));
    const stranger = await opened.journal.accept(operation({ requestKey: 'k', requestedBy: 'another' }));
    expect(first.created).toBe(true);
    expect(repeat).toEqual({ created: false, record: first.record });
    expect(stranger.created).toBe(true);
  });

  it('gives the target to its operations in order of acceptance', async () => {
    const { journal } = opened;
    const first = (await journal.accept(operation())).record;
    const second = (await journal.accept(operation())).record;
    expect(await journal.claim(second.id, 1)).toBeUndefined();
    const lease = await journal.claim(first.id, 1);
    expect(lease).toEqual({ operationId: first.id, fence: 1 });
    await journal.conclude(first.id, 1, { state: 'done', result: { outcome: 'done' } }, 2);
    expect(await journal.claim(second.id, 3)).toEqual({ operationId: second.id, fence: 1 });
    expect(await journal.claim(first.id, 3)).toBeUndefined();
  });

  it('lets what runs go on when an earlier one is moved to its target', async () => {
    const { journal } = opened;
    const named = targetKey('fake', 'site', 'name:one');
    const earlier = (await journal.accept(operation({ target: named, targetSettled: false }))).record;
    const running = (await journal.accept(operation())).record;
    await journal.claim(running.id, 1);
    const lease = await journal.claim(earlier.id, 2);
    if (lease === undefined) throw new Error('not claimed');
    await journal.settleTarget(lease, target);
    await reopen();
    expect(await opened.journal.claim(earlier.id, 3)).toBeUndefined();
    expect(await opened.journal.claim(running.id, 3)).toEqual({ operationId: running.id, fence: 2 });
    await opened.journal.conclude(running.id, 2, { state: 'done', result: {} }, 4);
    expect(await opened.journal.claim(earlier.id, 5)).toEqual({ operationId: earlier.id, fence: 2 });
  });

  it('lets only the newest fence write', async () => {
    const { journal } = opened;
    const { id } = (await journal.accept(operation())).record;
    const old = await journal.claim(id, 1);
    const current = await journal.claim(id, 2);
    if (old === undefined || current === undefined) throw new Error('not claimed');
    expect(current.fence).toBeGreaterThan(old.fence);
    const fact = { name: 'job', data: { uri: '/api/jobs/1' }, at: 5 };
    await expect(journal.checkpoint(old, fact)).rejects.toMatchObject({ code: 'OPERATION_FAILED' });
    await expect(journal.settleTarget(old, targetKey('fake', 'site', 'other'))).rejects.toThrow(ComputeError);
    await journal.checkpoint(current, fact);
    await journal.checkpoint(current, { ...fact, name: 'job-2' });
    await reopen();
    expect(await opened.journal.checkpoints(id)).toEqual([fact, { ...fact, name: 'job-2' }]);
  });

  it('stores an outcome once', async () => {
    const { journal } = opened;
    const { id } = (await journal.accept(operation())).record;
    await journal.claim(id, 1);
    await journal.conclude(id, 1, { state: 'done', result: { outcome: 'done' } }, 7);
    const error = new ComputeError('OPERATION_FAILED', 'late').toWire();
    const second = await journal.conclude(id, 1, { state: 'failed', error }, 8);
    expect(second).toMatchObject({ state: 'done', result: { outcome: 'done' }, error: null, finishedAt: 7 });
  });

  it('refuses more than a target can hold', async () => {
    for (let i = 0; i < 3; i++) await opened.journal.accept(operation());
    await expect(opened.journal.accept(operation())).rejects.toMatchObject({ code: 'BACKEND_BUSY', retry: 'safe' });
    await opened.journal.accept(operation({ target: targetKey('fake', 'site', 'two') }));
  });

  it('finds, lists and prunes', async () => {
    const { journal } = opened;
    const first = (await journal.accept(operation({ messageId: 'm1' }))).record;
    const second = (await journal.accept(operation({ method: 'power.off', name: 'two' }))).record;
    expect((await journal.list({ limit: 10 })).map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await journal.list({ limit: 10, beforeId: second.id })).map(({ id }) => id)).toEqual([first.id]);
    expect((await journal.list({ limit: 10, name: 'two' })).map(({ id }) => id)).toEqual([second.id]);
    expect((await journal.findBy('messageId', 'm1'))?.id).toBe(first.id);
    expect((await journal.findBy('requestKey', first.requestKey))?.id).toBe(first.id);
    await journal.claim(first.id, 1);
    await journal.checkpoint({ operationId: first.id, fence: 1 }, { name: 'x', data: null, at: 1 });
    await journal.conclude(first.id, 1, { state: 'done', result: {} }, 100);
    expect((await journal.list({ limit: 10, state: 'unfinished' })).map(({ id }) => id)).toEqual([second.id]);
    expect(await journal.prune(101)).toBe(1);
    expect(await journal.findById(first.id)).toBeUndefined();
    expect(await journal.checkpoints(first.id)).toEqual([]);
  });

  it('keeps secrets encrypted in every file it writes, and gives them back', async () => {
    const secret = 'canary-2f9c';
    const params = { power_type: 'hmcz', power_parameters: { power_address: 'hmc', power_pass: secret } };
    const { record } = await opened.journal.accept(operation({ params }));
    await opened.journal.claim(record.id, 1);
    await opened.journal.checkpoint(
      { operationId: record.id, fence: 1 },
      { name: 'c', data: { token: secret }, at: 1 },
    );
    const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'latin1'));
    expect(files.some((text) => text.includes('hmcz'))).toBe(true);
    expect(files.filter((text) => text.includes(secret))).toEqual([]);
    await reopen();
    expect((await opened.journal.findById(record.id))?.params).toEqual(params);
    expect(await opened.journal.checkpoints(record.id)).toEqual([{ name: 'c', data: { token: secret }, at: 1 }]);
    expect(statSync(join(directory, 'key')).mode & 0o777).toBe(0o600);
  });

  it('does not open with another key, nor twice at a time', async () => {
    await expect(openJournal(options(), systemClock)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await opened.journal.close();
    await expect(openJournal({ ...options(), keyFile: join(directory, 'other') }, systemClock)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    opened = await openJournal(options(), systemClock);
  });

  it('says JOURNAL_UNAVAILABLE once the database is gone', async () => {
    await opened.journal.close();
    await expect(opened.journal.accept(operation())).rejects.toMatchObject({
      code: 'JOURNAL_UNAVAILABLE',
      retry: 'safe',
    });
    await expect(opened.journal.check()).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    const key = { endpoint: 'https://hmc:6794', user: 'u', credential: 'c1' };
    await expect(opened.breakers.find(key)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await expect(opened.breakers.open(key, 'refused')).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await expect(opened.breakers.close(key)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    opened = await openJournal(options(), systemClock);
  });

  it('remembers refused logons until they are allowed again', async () => {
    const key = { endpoint: 'https://hmc:6794', user: 'u', credential: 'c1' };
    await opened.breakers.open(key, 'refused');
    await opened.breakers.open(key, 'refused again');
    await reopen();
    expect(await opened.breakers.find(key)).toMatchObject({ reason: 'refused' });
    expect(await opened.breakers.find({ ...key, credential: 'c2' })).toBeUndefined();
    expect(await opened.breakers.close(key)).toBe(true);
    expect(await opened.breakers.close(key)).toBe(false);
  });
});
