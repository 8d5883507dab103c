import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kysely } from 'kysely';
import { systemClock } from '../../src/common/clock.js';
import { keyIdOf } from '../../src/common/encryption-key.js';
import { newOperationId, targetKey, type OperationId } from '../../src/common/ids.js';
import { silentLog } from '../../src/common/log.js';
import { openDatabase, type Database } from '../../src/journal/database.js';
import { migrate } from '../../src/journal/migrate.js';
import { countSecrets, rotate, type RotationOptions } from '../../src/journal/rotation.js';
import type { JournalDatabase } from '../../src/journal/schema.js';
import { SecretBox, keyIdsIn } from '../../src/journal/secret-box.js';
import { SqlJournal } from '../../src/journal/sql-journal.js';
import { SqlMachines } from '../../src/journal/sql-machines.js';
import { SqlSeeds } from '../../src/journal/sql-seeds.js';
import { unlock } from '../../src/journal/unlock.js';
import { PLACES, operation, self, target, type JournalPlace } from './journal-places.js';

const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)].map((key) => ({
  key,
  id: keyIdOf(key),
})) as [Key, Key, Key];
interface Key {
  readonly key: Buffer;
  readonly id: string;
}

const keys = (current: Key, ...previous: Key[]) => ({ current: current.key, previous: previous.map(({ key }) => key) });
const params = { power_parameters: { power_pass: 'canary-77aa', power_address: 'hmc' } };

describe.each(PLACES)('keys of a journal on %s', (_, makePlace) => {
  let place: JournalPlace;
  let database: Database;
  let db: Kysely<JournalDatabase>;
  beforeEach(async () => {
    place = await makePlace();
    database = await openDatabase(place.database, { clock: systemClock, log: silentLog });
    ({ db } = database);
    await migrate(db, database.flavour);
  });
  afterEach(async () => {
    await database.close();
    await place.remove();
  });

  const journalOn = (box: SecretBox) => new SqlJournal({ db, flavour: database.flavour, box, maxPerTarget: 1000 });

  /** Accepts operations with secrets in them; the first of them gets a checkpoint with one. */
  async function fill(box: SecretBox, count: number): Promise<OperationId[]> {
    const journal = journalOn(box);
    const ids = Array.from({ length: count }, newOperationId);
    for (const id of ids) {
      const target = targetKey('hmcz', 'site', id);
      await journal.accept(operation({ id, requestKey: id, fingerprint: box.fingerprint(id), target, params }), self);
    }
    const record = await journal.findById(String(ids[0]));
    const lease = record === undefined ? undefined : await journal.claim(record, self, 1);
    if (lease === undefined) throw new Error('not claimed');
    await journal.checkpoint(lease, { name: 'session', data: { token: 'canary-77aa' }, at: 2 });
    return ids;
  }

  const going: RotationOptions = { onProgress: () => undefined, signal: new AbortController().signal };
  const rotateTo = async (current: Key, ...previous: Key[]) =>
    rotate(db, await unlock(db, keys(current, ...previous)), going);

  const proofs = async () => {
    const { value } = await db
      .selectFrom('facts')
      .select('value')
      .where('name', '=', 'key-proof')
      .executeTakeFirstOrThrow();
    return keyIdsIn(value);
  };
  const set = (id: string, text: string) =>
    db.updateTable('operations').set({ params: text }).where('id', '=', id).execute();
  const stored = async (id: string) => {
    const row = await db.selectFrom('operations').select('params').where('id', '=', id).executeTakeFirstOrThrow();
    return row.params;
  };

  it('are changed without a secret, an operation or a fingerprint being lost', async () => {
    const before = await unlock(db, keys(first));
    const ids = await fill(before, 450);
    const fingerprint = before.fingerprint('a request');
    const seen: [number, number][] = [];
    const box = await unlock(db, keys(second, first));
    expect(await countSecrets(db)).toEqual(new Map([[first.id, 452]]));
    const options = { ...going, onProgress: (done: number, total: number) => void seen.push([done, total]) };
    expect(await rotate(db, box, options)).toEqual({ rewritten: 452, unreadable: [], isComplete: true });
    expect(seen[0]).toEqual([200, 452]);
    expect(seen).toContainEqual([452, 452]);
    expect(await countSecrets(db)).toEqual(new Map([[second.id, 452]]));
    expect(await proofs()).toEqual([second.id]);

    const after = await unlock(db, keys(second));
    expect(after.fingerprint('a request')).toBe(fingerprint);
    const journal = journalOn(after);
    for (const id of [ids[0], ids[449]]) expect((await journal.findById(String(id)))?.params).toEqual(params);
    expect(await journal.checkpoints(ids[0] as OperationId)).toMatchObject([{ data: { token: 'canary-77aa' } }]);
    await expect(unlock(db, keys(first))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await rotate(db, after, going)).toEqual({ rewritten: 0, unreadable: [], isComplete: true });
  });

  it('must all be given from the first start with a new one until the rotation is through', async () => {
    await fill(await unlock(db, keys(first)), 1);
    await unlock(db, keys(second, first));
    const unknown = { code: 'CONFIG_INVALID', details: { given_key_ids: [first.id] } };
    await expect(unlock(db, keys(first))).rejects.toMatchObject({ ...unknown, details: { key_id: second.id } });
    await expect(unlock(db, keys(second))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`encrypted with key ${first.id}, and the keys given are ${second.id};`),
    });
    await unlock(db, keys(first, second));
    await rotateTo(second, first);
    await unlock(db, keys(second));
  });

  it('go on after a rotation that was interrupted', async () => {
    const ids = await fill(await unlock(db, keys(first)), 250);
    const box = await unlock(db, keys(second, first));
    const stop = new AbortController();
    const part = await rotate(db, box, { onProgress: () => stop.abort(), signal: stop.signal });
    expect(part).toMatchObject({ isComplete: false, rewritten: 200 });
    expect((await proofs()).toSorted()).toEqual([first.id, second.id].toSorted());
    const journal = journalOn(await unlock(db, keys(second, first)));
    for (const id of ids) expect((await journal.findById(id))?.params).toEqual(params);
    expect(await rotateTo(second, first)).toMatchObject({ isComplete: true, rewritten: 52 });
    expect(await rotateTo(third, second)).toMatchObject({ isComplete: true, rewritten: 252 });
    expect(await countSecrets(db)).toEqual(new Map([[third.id, 252]]));
  });

  it('are changed for seeds too', async () => {
    const before = await unlock(db, keys(first));
    const seeds = (box: SecretBox) => new SqlSeeds(db, database.flavour, box);
    const { record } = await journalOn(before).accept(operation(), self);
    const lease = await journalOn(before).claim(record, self, 1);
    if (lease === undefined) throw new Error('not claimed');
    const content = { 'meta-data': 'm', 'user-data': 'canary-77aa', 'vendor-data': '', 'network-config': '' };
    const { token } = await seeds(before).keep({ instance: target, content, token: 'a'.repeat(32) }, lease);
    expect(await rotateTo(second, first)).toMatchObject({ isComplete: true, unreadable: [] });
    const after = seeds(await unlock(db, keys(second)));
    expect(await after.find(token)).toEqual(content);
    expect(await after.keep({ instance: target, content, token: 'b'.repeat(32) }, lease)).toMatchObject({ token });
  });

  it('are changed for registered machines too', async () => {
    const before = await unlock(db, keys(first));
    const machines = (box: SecretBox) => new SqlMachines(db, database.flavour, box);
    const record = await journalOn(before).accept(operation(), self);
    const lease = await journalOn(before).claim(record.record, self, 1);
    if (lease === undefined) throw new Error('not claimed');
    const machine = { powerType: 'hmcz', parameters: params.power_parameters, controller: 'hmc', registeredBy: 'x' };
    const unseen = { status: 'unchecked', error: null, seen: null } as const;
    await machines(before).add({ name: 'one', ...machine, ...unseen }, lease, 1);
    // The second one is the key for fingerprints.
    expect(await rotateTo(second, first)).toMatchObject({ rewritten: 2, isComplete: true });
    const [found] = await machines(await unlock(db, keys(second))).list({}, undefined, 10);
    expect(found?.parameters).toEqual(params.power_parameters);
    const stranger = await machines(new SecretBox(third.key)).find('one');
    expect(() => stranger?.parameters).toThrow(/encrypted with key/);
  });

  it('are changed while services write, without overwriting what they wrote', async () => {
    const ids = await fill(await unlock(db, keys(first)), 100);
    const service = await unlock(db, keys(first, second));
    const newer = { ...params, host: 'newer' };
    const write = async (some: readonly OperationId[]): Promise<void> => {
      for (const id of some) await set(id, JSON.stringify(service.seal(newer)));
    };
    let looks = 0;
    const busy = db.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        const isLook = result.rows.length > 50 && 'sealed_text' in (result.rows[0] ?? {});
        if (isLook) looks += 1;
        // The first look counts. The second: some rows change after they were read and before they are written.
        if (isLook && looks === 2) {
          await write(ids.slice(50, 99));
          await db.deleteFrom('operations').where('id', '=', String(ids[99])).execute();
        }
        // The third: the others, which have been written.
        if (isLook && looks === 3) await write(ids.slice(0, 50));
        return result;
      },
    });
    const rotation = await rotate(busy, await unlock(db, keys(second, first)), going);
    expect(rotation).toMatchObject({ isComplete: true, unreadable: [] });
    // The first half twice, the second but for the row that is gone, a checkpoint, and the key for fingerprints.
    expect(rotation.rewritten).toBe(50 + 50 + 49 + 2);
    const journal = journalOn(await unlock(db, keys(second)));
    expect(await journal.findById(String(ids[99]))).toBeUndefined();
    for (const id of ids.slice(0, 99)) expect((await journal.findById(id))?.params).toEqual(newer);
  });

  it('stay proved when a service has begun to use another meanwhile', async () => {
    await fill(await unlock(db, keys(first)), 3);
    const box = await unlock(db, keys(second, first));
    let started: Promise<unknown> = Promise.resolve();
    const onProgress = (done: number): void => {
      if (done === 4) started = unlock(db, keys(third, first, second));
    };
    expect(await rotate(db, box, { ...going, onProgress })).toMatchObject({ isComplete: true });
    await started;
    await expect(unlock(db, keys(second))).rejects.toMatchObject({ details: { key_id: third.id } });
    await unlock(db, keys(third, second));
  });

  it('show what nobody can read, and change the rest', async () => {
    const ids = await fill(await unlock(db, keys(first)), 4);
    const [cut = '', strange = '', garbled = '', whole = ''] = ids;
    await set(cut, (await stored(cut)).replace(/.{6}"\}/, '"}'));
    await set(strange, JSON.stringify(new SecretBox(third.key).seal(params)));
    await set(garbled, (await stored(garbled)).slice(0, -2));
    const { isComplete, unreadable, rewritten } = await rotateTo(second, first);
    expect({ isComplete, rewritten }).toEqual({ isComplete: true, rewritten: 3 });
    expect(unreadable.map(({ place, operationId }) => [place, operationId])).toEqual(
      [cut, strange, garbled].toSorted().map((id) => ['operations.params', id]),
    );
    expect(unreadable.map(({ reason }) => reason).toSorted()).toEqual([
      `a secret in the journal was changed or cut off after it had been encrypted with key ${first.id}`,
      'it is no JSON any more',
      expect.stringContaining(`encrypted with key ${third.id}, and the keys given are ${second.id} and, as earlier`),
    ]);
    const journal = journalOn(await unlock(db, keys(second)));
    expect((await journal.findById(whole))?.params).toEqual(params);
  });

  it('keep the fingerprints of a journal from before they had a key of their own', async () => {
    // As such a journal is: a proof by itself, and fingerprints under a key made from the one for secrets.
    const box = new SecretBox(first.key);
    const fingerprint = box.fingerprint('a request');
    const proof = JSON.stringify(box.seal({ key: 'zenova' }));
    await db.insertInto('facts').values({ name: 'key-proof', value: proof }).execute();
    expect((await unlock(db, keys(second, first))).fingerprint('a request')).toBe(fingerprint);
    await rotateTo(second, first);
    expect((await unlock(db, keys(second))).fingerprint('a request')).toBe(fingerprint);
  });

  it('are agreed on by services that start at once', async () => {
    const boxes = await Promise.all(Array.from({ length: 8 }, () => unlock(db, keys(first))));
    expect(new Set(boxes.map((box) => box.fingerprint('x'))).size).toBe(1);
    await Promise.all([unlock(db, keys(second, first, third)), unlock(db, keys(third, second, first))]);
    expect((await proofs()).toSorted()).toEqual([first.id, second.id, third.id].toSorted());
  });
});
