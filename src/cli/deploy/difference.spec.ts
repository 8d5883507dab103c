import { describe, expect, it } from '@jest/globals';
import { instanceInfo } from '../../../test/support/instance-info.js';
import type { InstanceInfoAnswer } from '../../compute/contract/index.js';
import {
  fixedFlavor,
  interfaceDifference,
  refusedFields,
  rootDifference,
  toldOnce,
  untoldLists,
  volumeDifference,
  type Description,
  type Standing,
} from './difference.js';

const INSTANCE = { host: 'cpc1', instance: 'web01' };
const MAC = '02:00:00:00:00:0a';

function described(more: Partial<Description> = {}): Description {
  return { host: 'cpc1', name: 'web01', flavor: { vcpus: 2, memory_mib: 4096 }, ...more };
}

function standing(more: Partial<InstanceInfoAnswer> = {}): Standing {
  return { changed: [], info: instanceInfo(more) };
}

const nic = (name: string, more: object = {}) => ({
  name,
  mac: null,
  network: 'lan',
  network_aliases: [],
  vlan: null,
  ...more,
});
const disk = (id: string, more: object = {}) => ({ id, aliases: [], root: false, size_gib: 10, ...more });
const wanted = (id: string) => ({ id, connection: { type: 'fibre_channel' as const } });

describe('the interfaces of an instance', () => {
  const between = (networks: Description['networks'], interfaces: InstanceInfoAnswer['interfaces']) => {
    const { changes, ...rest } = interfaceDifference(described({ networks }), standing({ interfaces }));
    return { ...rest, changes: changes.map(({ method, params }) => [method.replace('compute.', ''), params]) };
  };
  const attach = (network: object) => ['attach_interface', { ...INSTANCE, network }];
  const detach = (name: string) => ['detach_interface', { ...INSTANCE, interface: name }];
  const nothing = { changes: [], added: [], unclear: [] };

  it('stay as they are when the description does not speak of them, and go when it has none', () => {
    expect(between(undefined, [nic('nic0')])).toEqual(nothing);
    expect(between([], [nic('nic0')])).toEqual({ ...nothing, changes: [detach('nic0')] });
  });

  it('are as described by any name of their network, in their VLAN, each for one entry', () => {
    const there = [nic('nic0', { network_aliases: ['OSD1', 'OSD1/0'] }), nic('nic1', { vlan: 7 })];
    expect(between([{ name: 'lan', vlan: 7 }, { name: 'OSD1' }], there)).toEqual(nothing);
    expect(between([{ name: 'lan' }, { name: 'OSD1/0' }], there)).toEqual({
      ...nothing,
      changes: [attach({ name: 'OSD1/0' }), detach('nic1')],
      added: [1],
    });
  });

  it('belong to the entry that has their MAC address, in whatever case, before any other', () => {
    const there = [nic('nic0', { mac: MAC }), nic('nic1', { mac: '02:00:00:00:00:0b' })];
    expect(between([{ name: 'lan' }, { name: 'lan', mac: MAC.toUpperCase() }], there)).toEqual(nothing);
    expect(between([{ name: 'lan', mac: MAC }], there)).toEqual({ ...nothing, changes: [detach('nic1')] });
  });

  it('with a MAC address go from one network to another before it is asked what that would do', () => {
    const moved = { name: 'dmz', vlan: 3, mac: MAC };
    const { changes } = interfaceDifference(
      described({ networks: [moved] }),
      standing({ interfaces: [nic('nic0', { mac: MAC })] }),
    );
    expect(changes).toMatchObject([
      { method: 'compute.detach_interface' },
      {
        method: 'compute.attach_interface',
        steps: [{ description: `attach interface ${MAC} to network dmz in VLAN 3` }],
      },
    ]);
  });

  it('are not judged when their network, or all of them, cannot be told', () => {
    const there = [nic('nic0', { network: null })];
    expect(between([{ name: 'lan' }], there).unclear).toEqual(['the network of interface nic0']);
    expect(between([{ name: 'lan' }], null)).toEqual(nothing);
  });
});

describe('the volumes of an instance', () => {
  const between = (ids: readonly string[] | undefined, volumes: InstanceInfoAnswer['volumes']) => {
    const description = described(ids === undefined ? {} : { volumes: ids.map(wanted) });
    const { changes, ...rest } = volumeDifference(description, standing({ volumes }));
    return { ...rest, changes: changes.map(({ method, params }) => [method.replace('compute.', ''), params]) };
  };

  it('are attached before others are taken away, and its own disk never is', () => {
    const there = [
      disk('web01/boot', { root: true, aliases: ['web01'] }),
      disk('old'),
      disk('kept', { aliases: ['kept/1'] }),
    ];
    expect(between(['kept/1', 'new', 'web01'], there)).toEqual({
      changes: [
        ['attach_volume', { ...INSTANCE, volume: wanted('new') }],
        ['detach_volume', { ...INSTANCE, volume: 'old' }],
      ],
      added: [1],
      unclear: [],
    });
    expect(between([], there).changes).toEqual([
      ['detach_volume', { ...INSTANCE, volume: 'old' }],
      ['detach_volume', { ...INSTANCE, volume: 'kept' }],
    ]);
    expect(between(undefined, there).changes).toEqual([]);
    expect(between(['new'], null)).toEqual({ changes: [], added: [], unclear: [] });
    expect(untoldLists(described({ volumes: [], networks: [] }), standing({ volumes: null }))).toEqual(['volumes']);
    expect(untoldLists(described(), standing({ volumes: null, interfaces: null }))).toEqual([]);
  });
});

describe('the size of an instance', () => {
  it.each([
    [20, [disk('web01/boot', { root: true, size_gib: 20 })], undefined],
    [undefined, [], undefined],
    [10, [disk('web01/boot', { root: true, size_gib: 20 })], 'refused'],
    [10, [disk('web01/boot', { root: true, size_gib: null })], 'refused'],
    [10, [disk('data')], 'refused'],
    [10, null, 'refused'],
  ])('has a root disk of %s GiB', (rootGib, volumes, expected) => {
    const flavor = { vcpus: 2, memory_mib: 4096, ...(rootGib === undefined ? {} : { root_gib: rootGib }) };
    expect(rootDifference(described({ flavor }), standing({ volumes }))).toEqual(expected);
  });

  it('has a root disk that grows: the first of its own', () => {
    const volumes = [disk('data'), ...['web01/boot', 'web01/data'].map((id) => disk(id, { root: true, size_gib: 20 }))];
    const flavor = { vcpus: 2, memory_mib: 4096, root_gib: 30 };
    expect(rootDifference(described({ flavor }), standing({ volumes }))).toEqual({
      method: 'compute.extend_volume',
      params: { ...INSTANCE, volume: 'web01/boot', size_gib: 30 },
    });
  });

  it('is compared field by field where no driver changes it', () => {
    expect(fixedFlavor(described(), standing())).toEqual([]);
    expect(fixedFlavor(described(), standing({ vcpus: 4, memory_mib: null }))).toEqual([
      'flavor.vcpus',
      'flavor.memory_mib',
    ]);
  });
});

describe('what is told once', () => {
  it('is whatever is not compared', () => {
    const description = described({
      image: { source: 'a' },
      networks: [],
      start: false,
      user_data: 'b',
      deadline_ms: 1,
    });
    expect(toldOnce(description).toSorted()).toEqual(['image', 'user_data']);
  });

  it('is refused, but for what is attached now', () => {
    const changed = ['image', 'networks[0].addresses', 'networks[10].addresses', 'volumes[1].limits'];
    expect(refusedFields(changed, { networks: [1, 10], volumes: [] })).toEqual([
      'image',
      'networks[0].addresses',
      'volumes[1].limits',
    ]);
  });
});
