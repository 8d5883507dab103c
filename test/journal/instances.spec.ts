import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newOperationId, targetKey } from '../../src/common/ids.js';
import { isLeaseLost } from '../../src/compute/contract/index.js';
import type { OpenJournal } from '../../src/journal/index.js';
import type { OwnedInstance } from '../../src/journal/instance-store.port.js';
import type { Lease } from '../../src/journal/journal.port.js';
import { PLACES, accepted, claimed, type JournalPlace } from './journal-places.js';

function instance(id: string, more: Partial<OwnedInstance> = {}): OwnedInstance {
  const target = targetKey('fake', 'site', id);
  return { target, host: 'site', id, name: `name-of-${id}`, origin: 'spawned', ownedBy: 'tester', ...more };
}

describe.each(PLACES)('instances of ours in a journal on %s', (_, makePlace) => {
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

  it('are known over a restart, by key, name and id', async () => {
    await opened.instances.own(instance('1'), lease, 1000);
    await opened.instances.own(instance('2', { origin: 'adopted' }), lease, 1000);
    await opened.close();
    opened = await place.open();
    const { instances } = opened;
    expect(await instances.find(instance('1').target)).toEqual(instance('1'));
    expect(await instances.findByReference('site', 'name-of-2')).toEqual(instance('2', { origin: 'adopted' }));
    expect(await instances.findByReference('site', '2')).toMatchObject({ id: '2' });
    expect(await instances.findByReference('other', '2')).toBeUndefined();
    expect(await instances.find(instance('3').target)).toBeUndefined();
  });

  it('are found by no reference that stands for several', async () => {
    await opened.instances.own(instance('1', { name: 'twice' }), lease, 1000);
    await opened.instances.own(instance('2', { name: 'twice' }), lease, 1000);
    expect(await opened.instances.findByReference('site', 'twice')).toBeUndefined();
  });

  it('take the place of an earlier one with their key', async () => {
    await opened.instances.own(instance('1', { origin: 'adopted', name: 'before' }), lease, 1000);
    await opened.instances.own(instance('1'), lease, 2000);
    expect(await opened.instances.find(instance('1').target)).toEqual(instance('1'));
  });

  it('are ours until they are disowned', async () => {
    await opened.instances.own(instance('1'), lease, 1000);
    expect(await opened.instances.disown(instance('1').target, lease)).toBe(true);
    expect(await opened.instances.disown(instance('1').target, lease)).toBe(false);
    expect(await opened.instances.find(instance('1').target)).toBeUndefined();
  });

  it('keep what they were made with, and what they were made anew with, wherever they go', async () => {
    const { instances } = opened;
    const madeWith = { '': { image: 'digest-1', user_data: 'digest-2' }, driver_options: {} };
    const one = instance('1', { madeWith });
    await instances.own(one, lease, 1000);
    expect(await instances.find(one.target)).toEqual(one);
    expect(await instances.remade(one.target, { '': { image: 'digest-3' } }, lease)).toBe(true);
    const there = { target: targetKey('fake', 'two', '1'), host: 'two' };
    await instances.move(one.target, there, lease);
    expect(await instances.find(there.target)).toMatchObject({
      madeWith: { '': { image: 'digest-3', user_data: 'digest-2' }, driver_options: {} },
    });
    // Of what is not known, no part becomes known.
    await instances.own(instance('2', { origin: 'adopted' }), lease, 1000);
    expect(await instances.remade(instance('2').target, { '': { image: 'digest-3' } }, lease)).toBe(false);
    expect(await instances.find(instance('2').target)).toEqual(instance('2', { origin: 'adopted' }));
  });

  it('stay ours where they are moved to', async () => {
    const { instances } = opened;
    const there = { target: targetKey('fake', 'two', '1'), host: 'two' };
    await instances.own(instance('1'), lease, 1000);
    expect(await instances.move(instance('1').target, there, lease)).toBe(true);
    expect(await instances.move(instance('1').target, there, lease)).toBe(false);
    expect(await instances.find(there.target)).toEqual({ ...instance('1'), ...there });
    expect(await instances.find(instance('1').target)).toBeUndefined();
    // What was once there and is no more gives way.
    await instances.own(instance('1'), lease, 1000);
    expect(await instances.move(instance('1').target, there, lease)).toBe(true);
  });

  it('stay ours where they are moved to under the key that they had', async () => {
    const { instances } = opened;
    const there = { target: instance('1').target, host: 'two' };
    await instances.own(instance('1'), lease, 1000);
    expect(await instances.move(instance('1').target, there, lease)).toBe(true);
    expect(await instances.find(there.target)).toEqual({ ...instance('1'), host: 'two' });
  });

  it('are changed for an operation only while it has its lease', async () => {
    const { instances } = opened;
    await instances.own(instance('1', { madeWith: {} }), lease, 1000);
    const record = await accepted(opened, { target: targetKey('fake', 'site', 'two') });
    const old = await claimed(opened, record);
    const current = await claimed(opened, record);
    const refused = async (by: Lease): Promise<void> => {
      const writes = [
        () => instances.own(instance('2'), by, 2000),
        () => instances.own(instance('1', { origin: 'adopted' }), by, 2000),
        () => instances.disown(instance('1').target, by),
        () => instances.remade(instance('1').target, { '': { image: 'digest' } }, by),
        () => instances.move(instance('1').target, { target: targetKey('a', 'b', 'c'), host: 'c' }, by),
      ];
      for (const write of writes) expect(isLeaseLost(await write().catch((error: unknown) => error))).toBe(true);
      expect(await instances.find(instance('1').target)).toEqual(instance('1', { madeWith: {} }));
      expect(await instances.find(instance('2').target)).toBeUndefined();
    };
    await refused(old);
    await refused({ operationId: newOperationId(), fence: 1 });
    await opened.journal.conclude(record, current.fence, { state: 'done', result: {} }, 7);
    await refused(current);
  });

  it('are kept from hosts that are disabled, which is another thing than maintenance', async () => {
    const { instances, journal } = opened;
    expect(await instances.setHostEnabled('site', true)).toBe(false);
    expect(await instances.setHostEnabled('site', false)).toBe(true);
    expect(await instances.setHostEnabled('site', false)).toBe(false);
    await journal.setMaintenance('other', true);
    expect(await instances.disabledHosts()).toEqual(['site']);
    expect(await journal.hostsInMaintenance()).toEqual(['other']);
    expect(await instances.setHostEnabled('site', true)).toBe(true);
    expect(await instances.disabledHosts()).toEqual([]);
  });
});
