import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { ComputeError } from '../../src/common/errors/index.js';
import { newWorkerId, targetKey } from '../../src/common/ids.js';
import { silentLog } from '../../src/common/log.js';
import { isLeaseLost } from '../../src/compute/contract/index.js';
import { openDatabase } from '../../src/journal/database.js';
import type { OpenJournal } from '../../src/journal/index.js';
import type { Lease } from '../../src/journal/journal.port.js';
import {
  MAX_PER_TARGET,
  PLACES,
  accepted,
  claimed,
  operation,
  self,
  target,
  type JournalPlace,
} from './journal-places.js';

const done = { state: 'done', result: { outcome: 'done' } } as const;
const [a, b, c] = ['a', 'b', 'c'].map((id) => targetKey('fake', 'site', id)) as [
  typeof target,
  typeof target,
  typeof target,
];

describe.each(PLACES)('the journal on %s', (kind, makePlace) => {
  let place: JournalPlace;
  let opened: OpenJournal;

  beforeEach(async () => {
    place = await makePlace();
    opened = await place.open();
  });
  afterEach(async () => {
    await opened.close();
    await place.remove();
  });
  const reopen = async () => {
    await opened.close();
    opened = await place.open();
  };

  it('keeps one operation per caller and key, across restarts', async () => {
    const first = await opened.journal.accept(operation({ requestKey: 'k' }), self);
    await reopen();
    const repeat = await opened.journal.accept(operation({ requestKey: 'k' }), self);
    const stranger = await opened.journal.accept(operation({ requestKey: 'k', requestedBy: 'another' }), self);
    expect(first.created).toBe(true);
    expect(repeat).toEqual({ created: false, record: first.record });
    expect(stranger.created).toBe(true);
  });

  it('accepts one of many equal requests that come at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, () => opened.journal.accept(operation({ requestKey: 'k' }), self)),
    );
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(all.map(({ record }) => record.id)).size).toBe(1);
  });

  it('accepts parts of an operation from whoever has it, and while it is unfinished', async () => {
    const { journal } = opened;
    const parent = await accepted(opened);
    const earlier = await claimed(opened, parent);
    const accept = (lease: Lease) =>
      journal.accept(operation({ parentId: parent.id, target: b }), self, [], lease).then(({ created }) => created);
    expect(await accept(earlier)).toBe(true);
    const later = await claimed(opened, parent);
    expect(isLeaseLost(await accept(earlier).catch((error: unknown) => error))).toBe(true);
    expect(await accept(later)).toBe(true);
    await journal.conclude(parent, later.fence, done, 2);
    expect(isLeaseLost(await accept(later).catch((error: unknown) => error))).toBe(true);
    expect(await journal.list({ limit: 10, parentId: parent.id })).toHaveLength(2);
  });

  it('gives the target to its operations in order of acceptance', async () => {
    const { journal } = opened;
    const first = await accepted(opened);
    const second = await accepted(opened);
    expect(second.seq).toBeGreaterThan(first.seq);
    expect(await journal.claim(second, self, 1)).toBeUndefined();
    expect(await claimed(opened, first)).toEqual({ operationId: first.id, fence: 1 });
    await journal.conclude(first, 1, done, 2);
    expect(await claimed(opened, second)).toEqual({ operationId: second.id, fence: 1 });
    expect(await journal.claim(first, self, 3)).toBeUndefined();
  });

  it('lets one of several claims at the same moment through', async () => {
    const records = await Promise.all(Array.from({ length: MAX_PER_TARGET }, () => accepted(opened)));
    const leases = await Promise.all(records.map((record) => opened.journal.claim(record, self, 1)));
    const first = records.toSorted((x, y) => x.seq - y.seq)[0];
    expect(leases.filter((lease) => lease !== undefined)).toEqual([{ operationId: first?.id, fence: 1 }]);
  });

  it('lets what runs go on when an earlier one is moved to its target', async () => {
    const { journal } = opened;
    const named = targetKey('fake', 'site', 'name:one');
    const earlier = await accepted(opened, { target: named, targetSettled: false });
    const running = await accepted(opened);
    await claimed(opened, running);
    await journal.settleTarget(await claimed(opened, earlier), target);
    await reopen();
    expect(await opened.journal.claim(earlier, self, 3)).toBeUndefined();
    expect(await claimed(opened, running)).toEqual({ operationId: running.id, fence: 2 });
    await opened.journal.conclude(running, 2, done, 4);
    expect(await claimed(opened, earlier)).toEqual({ operationId: earlier.id, fence: 2 });
  });

  it('lets only the newest fence write', async () => {
    const { journal } = opened;
    const record = await accepted(opened);
    const old = await claimed(opened, record);
    const current = await claimed(opened, record);
    expect(current.fence).toBeGreaterThan(old.fence);
    const fact = { name: 'job', data: { uri: '/api/jobs/1' }, at: 5 };
    for (const late of [
      journal.checkpoint(old, fact),
      journal.settleTarget(old, targetKey('fake', 'site', 'other')),
      journal.conclude(record, old.fence, done, 6),
    ]) {
      expect(isLeaseLost(await late.catch((error: unknown) => error))).toBe(true);
    }
    await journal.checkpoint(current, fact);
    await journal.checkpoint(current, { ...fact, name: 'job-2' });
    await reopen();
    expect(await opened.journal.checkpoints(record.id)).toEqual([fact, { ...fact, name: 'job-2' }]);
  });

  it('stores an outcome once', async () => {
    const { journal } = opened;
    const record = await accepted(opened);
    await claimed(opened, record);
    await journal.conclude(record, 1, done, 7);
    const error = new ComputeError('OPERATION_FAILED', 'late').toWire();
    const second = await journal.conclude(record, 1, { state: 'failed', error }, 8);
    expect(second).toMatchObject({ state: 'done', result: { outcome: 'done' }, error: null, finishedAt: 7 });
    expect(await journal.findById(record.id)).toEqual(second);
  });

  it('refuses more than a target can hold', async () => {
    for (let i = 0; i < MAX_PER_TARGET; i++) await accepted(opened);
    await expect(accepted(opened)).rejects.toMatchObject({ code: 'BACKEND_BUSY', retry: 'safe' });
    await accepted(opened, { target: targetKey('fake', 'site', 'two') });
  });

  it('finds, lists, counts and prunes', async () => {
    const { journal } = opened;
    const first = await accepted(opened, { messageId: 'm1' });
    const second = await accepted(opened, { method: 'power.off', name: 'two', parentId: first.id });
    expect((await journal.list({ limit: 10 })).map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await journal.list({ limit: 10, beforeId: second.id })).map(({ id }) => id)).toEqual([first.id]);
    expect((await journal.list({ limit: 10, name: 'two' })).map(({ id }) => id)).toEqual([second.id]);
    expect((await journal.list({ limit: 10, parentId: first.id })).map(({ id }) => id)).toEqual([second.id]);
    expect((await journal.unfinishedOn(target)).map(({ id }) => id)).toEqual([first.id, second.id]);
    expect((await journal.findBy('messageId', 'm1'))?.id).toBe(first.id);
    expect((await journal.findBy('requestKey', first.requestKey))?.id).toBe(first.id);
    expect(await journal.countUnfinished()).toBe(2);
    await journal.checkpoint(await claimed(opened, first), { name: 'x', data: null, at: 1 });
    await journal.conclude(first, 1, done, 100);
    expect((await journal.list({ limit: 10, state: 'unfinished' })).map(({ id }) => id)).toEqual([second.id]);
    expect(await journal.countUnfinished()).toBe(1);
    expect(await journal.prune({ olderThanMs: 1, now: 102 })).toBe(1);
    expect(await journal.findById(first.id)).toBeUndefined();
    expect(await journal.checkpoints(first.id)).toEqual([]);
  });

  it('keeps what is young by either clock', async () => {
    const { journal } = opened;
    const dayMs = 86_400_000;
    const [young, old] = [await accepted(opened, { target: a }), await accepted(opened, { target: b })];
    for (const [record, days] of [
      [young, 20],
      [old, 31],
    ] as const) {
      await claimed(opened, record);
      await journal.conclude(record, 1, done, Date.now() - days * dayMs);
    }
    const ahead = Date.now() + 40 * dayMs;
    await opened.close();
    opened = await place.open({ clock: { ...systemClock, now: () => ahead } });
    expect(await opened.upkeep.countPrunable(30 * dayMs)).toBe(1);
    expect(await opened.journal.prune({ olderThanMs: 30 * dayMs, now: ahead - 80 * dayMs })).toBe(0);
    expect(await opened.journal.prune({ olderThanMs: 30 * dayMs, now: ahead })).toBe(1);
    expect(await opened.journal.findById(young.id)).toBeDefined();
  });

  describe('an operation on several targets', () => {
    it('runs only while it has all of them', async () => {
      const { journal } = opened;
      const before = await accepted(opened, { target: c });
      const both = await accepted(opened, { target: b, alsoTargets: [a, c] });
      const after = await accepted(opened, { target: a });
      expect(await journal.claim(both, self, 1)).toBeUndefined();
      expect((await journal.findById(both.id))?.state).toBe('accepted');
      expect(await journal.claim(after, self, 1)).toBeUndefined();
      await claimed(opened, before);
      await journal.conclude(before, 1, done, 2);
      expect(await claimed(opened, both)).toEqual({ operationId: both.id, fence: 1 });
      expect(await journal.claim(after, self, 1)).toBeUndefined();
      expect((await journal.list({ limit: 10 })).map(({ id }) => id)).toEqual([after.id, both.id, before.id]);
      await journal.conclude(both, 1, done, 3);
      expect(await claimed(opened, after)).toEqual({ operationId: after.id, fence: 1 });
      expect(await journal.prune({ olderThanMs: 0, now: 4 })).toBe(2);
    });

    it('is found on each of them', async () => {
      const { journal } = opened;
      const before = await accepted(opened, { target: c });
      const both = await accepted(opened, { target: b, alsoTargets: [a, c] });
      const after = await accepted(opened, { target: a });
      const on = async (key: typeof target) => (await journal.unfinishedOn(key)).map(({ id }) => id);
      expect([await on(a), await on(b), await on(c)]).toEqual([[both.id, after.id], [both.id], [before.id, both.id]]);
    });

    it('gives all of them back when it ends before it could run', async () => {
      const { journal } = opened;
      const before = await accepted(opened, { target: c });
      const both = await accepted(opened, { target: b, alsoTargets: [a, c] });
      const after = await accepted(opened, { target: a });
      expect(await journal.claim(both, self, 1)).toBeUndefined();
      const error = new ComputeError('OPERATION_CANCELLED', 'enough').toWire();
      await journal.conclude(both, both.fence, { state: 'cancelled', error }, 2);
      await claimed(opened, after);
      await claimed(opened, before);
    });

    it('cannot wait for another one that waits for it', async () => {
      const { journal } = opened;
      const pairs = await Promise.all(
        [0, 1].map((i) => accepted(opened, { target: i === 0 ? a : b, alsoTargets: [i === 0 ? b : a] })),
      );
      const [first, second] = pairs.toSorted((x, y) => x.seq - y.seq);
      if (first === undefined || second === undefined) throw new Error('two were accepted');
      // Whoever asks first, one of them gets both.
      const leases = [await journal.claim(second, self, 1), await journal.claim(first, self, 1)];
      expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
    });

    it('is refused as a whole when one of them is full, and found by its key', async () => {
      for (let i = 0; i < MAX_PER_TARGET; i++) await accepted(opened, { target: c });
      await expect(accepted(opened, { target: a, alsoTargets: [b, c] })).rejects.toMatchObject({
        code: 'BACKEND_BUSY',
      });
      expect(await opened.journal.unfinishedOn(a)).toEqual([]);
      const { record } = await opened.journal.accept(operation({ target: a, alsoTargets: [b], requestKey: 'k' }), self);
      const repeat = await opened.journal.accept(operation({ target: a, alsoTargets: [b], requestKey: 'k' }), self);
      expect(repeat).toMatchObject({ created: false, record: { id: record.id } });
      await claimed(opened, record);
    });
  });

  describe('workers', () => {
    const terms = { leaseMs: 60_000, graceMs: 0 };
    const over = { leaseMs: -1_000, graceMs: 0 };
    const worker = (hosts = ['site']) => ({ id: newWorkerId(), server: 'z1', hosts });

    it('are struck off when their lease and the time of a request are over, and learn of it', async () => {
      const { workers } = opened;
      const [alive, late, graced] = [worker(), worker(), worker(['other'])];
      await workers.join(alive, terms);
      await workers.join(late, over);
      await workers.join(graced, { leaseMs: -1_000, graceMs: 60_000 });
      expect(await workers.strikeOffExpired()).toBe(1);
      expect(await workers.list()).toEqual([alive, graced]);
      expect(await workers.renew(alive.id, terms)).toBe(true);
      expect(await workers.renew(late.id, terms)).toBe(false);
      await workers.leave(alive.id);
      expect(await workers.renew(alive.id, terms)).toBe(false);
    });

    it('lose nothing of their lease to a shorter one', async () => {
      const { workers } = opened;
      const one = worker();
      await workers.join(one, terms);
      expect(await workers.renew(one.id, over)).toBe(true);
      expect(await workers.strikeOffExpired()).toBe(0);
    });

    it('either renew or are struck off', async () => {
      const { workers } = opened;
      for (let i = 0; i < 20; i++) {
        const one = worker();
        await workers.join(one, over);
        const [renewed, gone] = await Promise.all([workers.renew(one.id, terms), workers.strikeOffExpired()]);
        expect([renewed, gone]).toEqual(renewed ? [true, 0] : [false, 1]);
        await workers.leave(one.id);
      }
    });

    it('adopt what nobody living owns, each operation once, with its further targets', async () => {
      const { journal, workers } = opened;
      const [dead, living, heir, other] = [worker(), worker(), worker(), worker()];
      for (const one of [living, heir, other]) await workers.join(one, terms);
      const first = await accepted(opened, { target: a, alsoTargets: [b] }, dead.id);
      const second = await accepted(opened, {}, dead.id);
      const foreign = await accepted(opened, { host: 'elsewhere' }, dead.id);
      const hostless = await accepted(opened, { host: null, target: c }, dead.id);
      await accepted(opened, {}, living.id);
      const adopted = await Promise.all([heir, other].map(({ id, hosts }) => journal.adopt(id, { of: hosts }, 10)));
      const ids = adopted.flat().map(({ id }) => id);
      expect(ids.toSorted()).toEqual([first.id, second.id, hostless.id].toSorted());
      expect((await journal.findById(foreign.id))?.owner).toBe(dead.id);
      const owner = (await journal.findById(first.id))?.owner;
      if (owner === null || owner === undefined) throw new Error('nobody has it');
      expect(await journal.owned(owner)).toContain(first.id);
      expect(await journal.claim(first, dead.id, 1)).toBeUndefined();
      await claimed(opened, first, owner);
    });

    it('hand over what they leave when they stop, and what is in flight when it can be so no longer', async () => {
      const { journal, workers } = opened;
      const [leaving, heir] = [worker(), worker()];
      for (const one of [leaving, heir]) await workers.join(one, terms);
      const of = { of: heir.hosts };
      const sent = await accepted(opened, { target: a, alsoTargets: [b] }, leaving.id);
      const lands = await accepted(opened, { target: b }, leaving.id);
      const waits = await accepted(opened, {}, leaving.id);
      await workers.leave(leaving.id, [
        { operationId: sent.id, forMs: 60_000 },
        { operationId: lands.id, forMs: -1 },
      ]);
      expect(await workers.list()).toEqual([heir]);
      expect((await journal.adopt(heir.id, of, 10)).map(({ id }) => id)).toEqual([lands.id, waits.id]);
      const leftMs = (await journal.nextLanding(of)) ?? 0;
      expect(leftMs).toBeGreaterThan(30_000);
      expect(leftMs).toBeLessThanOrEqual(60_000);
      expect(await journal.nextLanding({ of: ['elsewhere'] })).toBeUndefined();
      // Only its owner says that something of it is in flight.
      await workers.leave(leaving.id, [{ operationId: waits.id, forMs: 60_000 }]);
      await workers.leave(heir.id);
      const [next] = [worker()];
      await workers.join(next, terms);
      expect((await journal.adopt(next.id, of, 10)).map(({ id }) => id)).toEqual([lands.id, waits.id]);
    });

    it('pass an operation on to another one that is there, with its further targets', async () => {
      const { journal, workers } = opened;
      const [one, other] = [worker(), worker()];
      for (const each of [one, other]) await workers.join(each, terms);
      const record = await accepted(opened, { target: a, alsoTargets: [b] }, one.id);
      expect(await journal.passOn(record.id, one.id, newWorkerId())).toBe(false);
      expect(await journal.passOn(record.id, other.id, one.id)).toBe(false);
      expect(await journal.passOn(record.id, one.id, other.id)).toBe(true);
      expect(await journal.owned(one.id)).toEqual([]);
      expect(await journal.owned(other.id)).toEqual([record.id]);
      expect(await journal.claim(record, one.id, 1)).toBeUndefined();
      await claimed(opened, record, other.id);
    });

    it('find what is asked of their operations', async () => {
      const { journal } = opened;
      const record = await accepted(opened);
      expect(await journal.requestControl(record.id, 'cancel', 5)).toBe(true);
      await journal.requestControl(record.id, 'cancel', 6);
      expect(await journal.controlsOf(self)).toEqual([{ operationId: record.id, control: 'cancel' }]);
      expect(await journal.checkpoints(record.id)).toMatchObject([{ name: 'cancel', at: 5 }]);
      await claimed(opened, record);
      await journal.conclude(record, 1, done, 7);
      expect(await journal.requestControl(record.id, 'cancel', 8)).toBe(false);
      expect(await journal.controlsOf(self)).toEqual([]);
    });

    it('tell each other', async () => {
      const { signals, journal } = opened;
      const record = await accepted(opened);
      const signal = { kind: 'control', operationId: record.id, control: 'cancel' } as const;
      const heard = new Promise((resolve) => {
        signals.onSignal((said) => {
          // On PostgreSQL the line says that it is open first.
          if (said.kind === 'orphans') signals.send(signal);
          else resolve(said);
        });
      });
      if (kind === 'SQLite') signals.send(signal);
      expect(await heard).toEqual(signal);
      await journal.check();
    });
  });

  it('keeps hosts in maintenance, over restarts, and refuses and tells what concerns them', async () => {
    const { journal } = opened;
    const before = await accepted(opened, { requestKey: 'before' });
    expect(await journal.setMaintenance('site', true)).toBe(true);
    expect(await journal.setMaintenance('site', true)).toBe(false);
    await journal.setMaintenance('other:host', true);
    await reopen();
    const again = opened.journal;
    expect(await again.hostsInMaintenance()).toEqual(['other:host', 'site']);
    const refused = { code: 'STATE_CONFLICT', details: { reason: 'maintenance', host: 'site' } };
    for (const alsoTargets of [[], [targetKey('fake', 'site', 'two')]]) {
      await expect(again.accept(operation({ alsoTargets }), self, ['elsewhere', 'site'])).rejects.toMatchObject(
        refused,
      );
    }
    // What was accepted before is found, whatever has become of its host since.
    const repeat = operation({ requestKey: 'before' });
    expect(await again.accept(repeat, self, ['site'])).toMatchObject({ created: false, record: { id: before.id } });
    expect(await again.claim(before, self, 1, ['elsewhere', 'site'])).toMatchObject({ closedHost: 'site' });
    expect(await again.setMaintenance('site', false)).toBe(true);
    expect(await again.setMaintenance('site', false)).toBe(false);
    expect(await again.claim(before, self, 1, ['site'])).toEqual({ operationId: before.id, fence: 2 });
    expect(await again.accept(operation({ target: targetKey('fake', 'site', 'x') }), self, ['site'])).toMatchObject({
      created: true,
    });
  });

  it('begins nothing on a host that was closed after the claim', async () => {
    const { journal } = opened;
    const record = await accepted(opened);
    const lease = await journal.claim(record, self, 1, ['site']);
    if (lease === undefined) throw new Error('it was not claimed');
    expect(lease.closedHost).toBeUndefined();
    await journal.setMaintenance('site', true);
    const step = { name: 'step', data: null, at: 2 };
    const refused = {
      code: 'STATE_CONFLICT',
      outcome: 'not-started',
      details: { reason: 'maintenance', host: 'site' },
    };
    await expect(journal.checkpoint(lease, step, ['elsewhere', 'site'])).rejects.toMatchObject(refused);
    expect(await journal.checkpoints(record.id)).toEqual([]);
    // What has begun goes on, and an old lease is lost whatever has become of the host.
    await journal.checkpoint(lease, step);
    const late = journal.checkpoint({ ...lease, fence: 0 }, step, ['site']).catch((error: unknown) => error);
    expect(isLeaseLost(await late)).toBe(true);
    await journal.setMaintenance('site', false);
    await journal.checkpoint(lease, step, ['site']);
    expect(await journal.checkpoints(record.id)).toEqual([step, step]);
  });

  it('keeps secrets encrypted, and gives them back', async () => {
    const secret = 'canary-2f9c';
    const params = { power_type: 'hmcz', power_parameters: { power_address: 'hmc', power_pass: secret } };
    const record = await accepted(opened, { params });
    await opened.journal.checkpoint(await claimed(opened, record), { name: 'c', data: { token: secret }, at: 1 });
    if (kind === 'SQLite') {
      const files = readdirSync(place.directory).map((name) => readFileSync(join(place.directory, name), 'latin1'));
      expect(files.some((text) => text.includes('hmcz'))).toBe(true);
      expect(files.filter((text) => text.includes(secret))).toEqual([]);
    }
    await reopen();
    expect((await opened.journal.findById(record.id))?.params).toEqual(params);
    expect(await opened.journal.checkpoints(record.id)).toEqual([{ name: 'c', data: { token: secret }, at: 1 }]);
    expect(statSync(join(place.directory, 'key')).mode & 0o777).toBe(0o600);
  });

  it('shows what it can read beside what it cannot', async () => {
    const params = { power_parameters: { power_pass: 'canary-77ab' } };
    const [damaged, whole] = [await accepted(opened, { params }), await accepted(opened, { params })];
    for (const text of ['{"token":{"$sealed":"aaaaaaaa.AAAA.AAAA.AAAA"}}', '{"tok']) {
      await opened.close();
      const raw = await openDatabase(place.database, { clock: systemClock, log: silentLog });
      await raw.db.updateTable('operations').set({ params: text }).where('id', '=', damaged.id).execute();
      await raw.close();
      opened = await place.open();
      const [second, first] = await opened.journal.list({ limit: 10 });
      expect(second?.params).toEqual(whole.params);
      expect(() => first?.params).toThrow(
        expect.objectContaining({ code: 'JOURNAL_UNAVAILABLE', operationId: damaged.id }),
      );
    }
  });

  it('does not open with another key, and in a file only once at a time', async () => {
    if (kind === 'SQLite') await expect(place.open()).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await opened.close();
    await expect(place.open({ keyFile: join(place.directory, 'other') })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    opened = await place.open();
  });

  it('can be opened for the first time by several at once, or by one', async () => {
    await opened.close();
    await place.remove();
    place = await makePlace();
    const many = await Promise.all(
      Array.from({ length: kind === 'SQLite' ? 1 : 4 }, () => place.open({ keyFile: join(place.directory, 'key') })),
    );
    for (const one of many) await one.journal.check();
    for (const one of many) await one.close();
    opened = await place.open();
  });

  it('says JOURNAL_UNAVAILABLE once the database is gone', async () => {
    await opened.close();
    await expect(accepted(opened)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await expect(opened.journal.check()).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await expect(opened.workers.renew(self, { leaseMs: 1, graceMs: 1 })).rejects.toMatchObject({
      code: 'JOURNAL_UNAVAILABLE',
    });
    const key = { endpoint: 'https://hmc:6794', user: 'u', credential: 'c1' };
    await expect(opened.breakers.find(key)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await expect(opened.breakers.open(key, 'refused')).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    await expect(opened.breakers.close(key)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    opened = await place.open();
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
