import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newOperationId, targetKey } from '../../src/common/ids.js';
import { isLeaseLost } from '../../src/compute/contract/index.js';
import type { Lease } from '../../src/journal/journal.port.js';
import type { OpenJournal } from '../../src/journal/index.js';
import type { MachineObservation, MachineRecord, NewMachine, SeenState } from '../../src/journal/machine-store.port.js';
import { PLACES, accepted, claimed, type JournalPlace } from './journal-places.js';

const SECRET = 'canary-77aa';
const seenAt = (observedAt: number, state: SeenState['state'] = 'on'): SeenState => ({
  state,
  transition: null,
  nativeState: 'native',
  observedAt,
});

function machine(name: string, more: Partial<NewMachine> = {}): NewMachine {
  return {
    name,
    powerType: 'hmcz',
    parameters: { power_address: 'hmc1', power_pass: SECRET, macs: ['a', 'b'], port: 1, quick: true },
    controller: 'hmc1',
    status: 'unchecked',
    error: null,
    seen: null,
    registeredBy: 'tester',
    ...more,
  };
}

describe.each(PLACES)('machines of a journal on %s', (_, makePlace) => {
  let place: JournalPlace;
  let opened: OpenJournal;
  let lease: Lease;
  beforeEach(async () => {
    place = await makePlace();
    opened = await place.open();
    lease = await leaseOf('registry');
  });
  afterEach(async () => {
    await opened.close();
    await place.remove();
  });

  /** Of an operation that runs. */
  async function leaseOf(name: string): Promise<Lease> {
    const target = targetKey('machine', name, newOperationId());
    return claimed(opened, await accepted(opened, { target }));
  }
  const add = (given: NewMachine, now = 1000) => opened.machines.add(given, lease, now);
  const names = (records: readonly MachineRecord[]) => records.map(({ name }) => name);
  async function find(name: string): Promise<MachineRecord> {
    const found = await opened.machines.find(name);
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  }

  it('are kept as they are registered, over a restart', async () => {
    const error = { code: 'BACKEND_UNREACHABLE', message: 'no route' } as const;
    expect(await add(machine('one'))).toBe(true);
    expect(await add(machine('two', { status: 'unverified', error, seen: null }))).toBe(true);
    expect(await add(machine('three', { status: 'verified', seen: { ...seenAt(900), transition: 'starting' } }))).toBe(
      true,
    );
    await opened.close();
    opened = await place.open();
    const times = { registeredAt: 1000, updatedAt: 1000, revision: 1000 };
    expect(await opened.machines.find('one')).toEqual({ ...machine('one'), ...times });
    expect(await opened.machines.find('two')).toMatchObject({ status: 'unverified', error, seen: null });
    expect(await opened.machines.find('three')).toMatchObject({ seen: { ...seenAt(900), transition: 'starting' } });
    expect(await opened.machines.find('four')).toBeUndefined();
    expect(await opened.machines.count()).toBe(3);
  });

  it('are registered once under a name', async () => {
    expect(await add(machine('one'))).toBe(true);
    expect(await add(machine('one', { powerType: 'manual' }))).toBe(false);
    const both = [machine('two', { controller: 'a' }), machine('two', { controller: 'b' })].map((given) => add(given));
    expect((await Promise.all(both)).toSorted((one, other) => Number(one) - Number(other))).toEqual([false, true]);
    expect(await find('one')).toMatchObject({ powerType: 'hmcz' });
  });

  it('are changed by whoever knows how they are now', async () => {
    await add(machine('one', { status: 'verified', seen: seenAt(900) }));
    const { machines } = opened;
    const change = { ...machine('one', { controller: 'hmc2', status: 'unverified' }), revision: 1000 };
    const both = [machines.change(change, lease, 2000), machines.change(change, lease, 2000)];
    expect((await Promise.all(both)).toSorted((one, other) => Number(one) - Number(other))).toEqual([false, true]);
    // What was seen with the earlier definition may have been another machine's.
    expect(await find('one')).toMatchObject({ controller: 'hmc2', revision: 2000, updatedAt: 2000, seen: null });
    // A clock that was set back makes no revision come again.
    expect(await machines.change({ ...change, revision: 2000 }, lease, 1500)).toBe(true);
    expect(await find('one')).toMatchObject({ revision: 2001, registeredAt: 1000 });
    expect(await machines.change({ ...change, name: 'nobody' }, lease, 2000)).toBe(false);
  });

  it('are removed, and another one of the name is not taken for the first', async () => {
    await add(machine('one'));
    const { revision } = await find('one');
    expect(await opened.machines.remove('one', lease)).toBe(true);
    expect(await opened.machines.remove('one', lease)).toBe(false);
    await add(machine('one', { controller: 'hmc2' }), 3000);
    await opened.machines.observe([{ name: 'one', revision, status: 'verified', error: null, seen: seenAt(5000) }]);
    expect(await find('one')).toMatchObject({ status: 'unchecked', seen: null });
    expect(await opened.machines.change({ ...machine('one'), revision }, lease, 4000)).toBe(false);
  });

  it('are changed for an operation only while it has its lease', async () => {
    await add(machine('one'));
    const record = await accepted(opened, { target: targetKey('machine', 'one', 'registration') });
    const old = await claimed(opened, record);
    const current = await claimed(opened, record);
    const { machines } = opened;
    const writes = (by: Lease) => [
      () => machines.add(machine('two'), by, 2000),
      () => machines.change({ ...machine('one', { controller: 'x' }), revision: 1000 }, by, 2000),
      () => machines.remove('one', by),
    ];
    const refused = async (by: Lease): Promise<void> => {
      for (const write of writes(by)) expect(isLeaseLost(await write().catch((error: unknown) => error))).toBe(true);
      expect(await find('one')).toMatchObject({ controller: 'hmc1', revision: 1000 });
      expect(await machines.find('two')).toBeUndefined();
    };
    await refused(old);
    await refused({ operationId: newOperationId(), fence: 1 });
    await opened.journal.conclude(record, current.fence, { state: 'done', result: {} }, 7);
    await refused(current);
  });

  it('are found by what they are', async () => {
    await add(machine('web01', { status: 'verified', seen: seenAt(1) }));
    await add(machine('web02', { status: 'verified', seen: seenAt(1, 'off') }));
    await add(machine('WEB03', { controller: 'hmc2' }));
    await add(machine('db%01', { powerType: 'manual', controller: 'by-hand' }));
    await add(machine('w?[b_01\\', { powerType: 'manual', controller: 'by-hand' }));
    const list = async (filter: object) => names(await opened.machines.list(filter, undefined, 100)).toSorted();
    expect(await list({ name: 'web01' })).toEqual(['web01']);
    expect(await list({ name: 'web*' })).toEqual(['web01', 'web02']);
    expect(await list({ name: '*0*2' })).toEqual(['web02']);
    // Nothing but the star stands for anything else.
    expect(await list({ name: 'w?b*' })).toEqual([]);
    expect(await list({ name: 'web_1*' })).toEqual([]);
    expect(await list({ name: 'd%*' })).toEqual([]);
    expect(await list({ name: 'db%*' })).toEqual(['db%01']);
    expect(await list({ name: 'w?[b_*\\' })).toEqual(['w?[b_01\\']);
    expect(await list({ name: '*' })).toHaveLength(5);
    expect(await list({ names: ['WEB03', 'web01', 'nobody'] })).toEqual(['WEB03', 'web01']);
    expect(await list({ names: [] })).toEqual([]);
    expect(await list({ powerType: 'hmcz', controller: 'hmc1' })).toEqual(['web01', 'web02']);
    expect(await list({ status: 'verified', state: 'off' })).toEqual(['web02']);
    expect(await list({ powerType: 'manual', status: 'verified' })).toEqual([]);
  });

  it('are listed a page at a time, by name, and with those of one controller together', async () => {
    const controllers = ['hmc2', 'hmc1', 'hmc3'];
    for (let i = 0; i < 12; i++) {
      const name = `m${String((i * 5) % 12).padStart(2, '0')}`;
      await add(machine(name, { controller: controllers[i % 3] ?? '', powerType: i < 6 ? 'webhook' : 'hmcz' }));
    }
    const { machines } = opened;
    const byName: string[] = [];
    for (let after: string | undefined; ; after = byName.at(-1)) {
      const page = names(await machines.list({}, after, 5));
      byName.push(...page);
      if (page.length < 5) break;
    }
    expect(byName).toEqual(Array.from({ length: 12 }, (_each, i) => `m${String(i).padStart(2, '0')}`));

    const grouped: MachineRecord[] = [];
    for (;;) {
      const page = await machines.listByController({}, grouped.at(-1), 5);
      grouped.push(...page);
      if (page.length < 5) break;
    }
    const places = grouped.map(({ powerType, controller, name }) => `${powerType} ${controller} ${name}`);
    expect(new Set(places).size).toBe(12);
    expect(places).toEqual(places.toSorted());
    expect(names(await machines.listByController({ controller: 'hmc1' }, undefined, 100))).toHaveLength(4);
  });

  it('are as they were seen last', async () => {
    await add(machine('one'));
    await add(machine('two'));
    const { machines } = opened;
    const sighting = (seen: SeenState | null, more: Partial<MachineObservation> = {}): MachineObservation => ({
      name: 'one',
      revision: 1000,
      status: 'verified',
      error: null,
      seen,
      ...more,
    });
    await machines.observe([]);
    await machines.observe([sighting(seenAt(50)), sighting(seenAt(60, 'off'), { name: 'two' })]);
    await machines.observe([sighting(seenAt(40, 'off'))]);
    expect(await find('one')).toMatchObject({ status: 'verified', seen: seenAt(50) });
    expect(await find('two')).toMatchObject({ seen: seenAt(60, 'off') });
    await machines.observe([sighting(seenAt(49, 'off')), sighting(seenAt(70), { name: 'two', revision: 999 })]);
    expect(await find('one')).toMatchObject({ seen: seenAt(50) });
    expect(await find('two')).toMatchObject({ seen: seenAt(60, 'off') });
    const error = { code: 'BACKEND_TIMEOUT', message: 'no answer' } as const;
    await machines.observe([sighting(null, { status: 'unverified', error }), sighting(null, { name: 'nobody' })]);
    // What was seen before stays, with its time.
    expect(await find('one')).toMatchObject({ status: 'unverified', error, seen: seenAt(50) });
    await machines.observe([sighting(seenAt(51, 'off'))]);
    expect(await find('one')).toMatchObject({
      status: 'verified',
      error: null,
      seen: seenAt(51, 'off'),
      revision: 1000,
    });
  });

  it('are seen many at once, by two at once, in any order, with any text', async () => {
    const all = Array.from({ length: 1500 }, (_each, i) => `m${i}`);
    // The others were removed meanwhile.
    const registered = all.filter((_name, i) => i % 37 === 0 || i === 999 || i === 1499);
    for (const name of registered) await add(machine(name));
    const error = { code: 'INTERNAL', message: 'a\0b \ud83d "\\u0000' } as const;
    const look = (observedAt: number) => (name: string, i: number) => {
      const seen = { ...seenAt(observedAt), nativeState: `'"${i}\\ é 😀`, transition: 'stopping' } as const;
      return { name, revision: 1000, status: 'verified', error: i % 2 === 0 ? error : null, seen } as const;
    };
    const { machines } = opened;
    const [early, late] = [all.map(look(10)), all.map(look(20))];
    await Promise.all([machines.observe(late.toReversed()), machines.observe(early), machines.observe(late)]);
    for (const [i, name] of all.entries()) {
      if (!registered.includes(name)) continue;
      const { seen, error: told } = late[i] ?? {};
      expect(await find(name)).toMatchObject({ status: 'verified', error: told, seen });
    }
    expect(await machines.count()).toBe(registered.length);
  });

  it('have their secrets encrypted in the database, and come back with them', async () => {
    const hook = 'http://hook/on?t=canary-77aa';
    await add(machine('one'));
    await add(machine('two', { powerType: 'webhook', parameters: { power_on_uri: hook, power_user: 'u' } }));
    expect(await find('two')).toMatchObject({ parameters: { power_on_uri: hook, power_user: 'u' } });
    await opened.close();
    if ('file' in place.database) {
      const file = readFileSync(place.database.file);
      expect([file.includes(SECRET), file.includes('"power_address":"hmc1"')]).toEqual([false, true]);
    }
    opened = await place.open();
    expect(names(await opened.machines.list({}, undefined, 10))).toEqual(['one', 'two']);
    expect((await find('one')).parameters).toMatchObject({ power_pass: SECRET, power_address: 'hmc1' });
  });
});
