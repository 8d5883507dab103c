import type { AskedChange, Target } from '../../../src/compute/contract/index.js';
import type { HmcInventoryInput, HmcSimulator } from '../../../src/simulators/hmc/index.js';
import type { RescueImage } from '../../support/rescue-image.js';
import type { Journey } from './fault-walk.js';
import { run, USER, type HmcDpmBench } from './hmc-dpm-bench.js';
import { description, NETWORK, STORAGE, volume } from './launch-bench.js';

const boot = { name: 'boot', usage: 'boot' as const, size_gib: 16 };
const data = { name: 'data', size_gib: 16 };

/** Has a NIC and a boot volume in a group of its own. */
const equipped = (name: string) => ({ name, nics: [{ name: 'first', adapter: NETWORK }], properties });
const POWERED = ['starter', 'paused', 'stopper', 'rebooter', 'dumper', 'adopted'];
const SIZED = ['larger', 'other-size', 'too-large', 'reverted', 'confirmed'];
const EQUIPPED = ['network-booted', 'disk-booted', 'plugged', 'unplugged', 'rescued', 'unrescued'];
const properties = {
  'boot-device': 'storage-volume',
  'boot-storage-volume': '/api/storage-groups/g/storage-volumes/v',
};

/** Each journey has a partition of its own. */
export const WALKED: HmcInventoryInput = {
  users: [{ name: USER.name, password: USER.password }],
  timing: { start_ms: 20, paused_ms: 10, stop_ms: 20, cancel_ms: 10, psw_restart_ms: 10, fulfilment_ms: 10 },
  cpcs: [
    {
      name: 'CPC1',
      mode: 'dpm',
      partitions: [
        ...[...POWERED, ...SIZED].map((name) => ({ name, properties })),
        ...EQUIPPED.map(equipped),
        { name: 'on' },
      ],
    },
  ],
  storage_groups: [
    ...STORAGE,
    { name: 'extra', cpc: 'CPC1', volumes: [data] },
    { name: 'surplus', cpc: 'CPC1', volumes: [data] },
    { name: 'of-old', cpc: 'CPC1', volumes: [boot] },
    ...EQUIPPED.map((name) => ({ name: `of-${name}`, cpc: 'CPC1', volumes: [boot], attached_to: [name] })),
  ],
};

/** Does what people do. */
type Prepare = (bench: HmcDpmBench) => Promise<void> | void;

/** A journey of a partition that is there. */
function journey(
  name: string,
  partition: string,
  change: AskedChange,
  prepare: Prepare,
  more: Partial<Journey> = {},
): Journey {
  return {
    name,
    partition,
    ...more,
    prepare: async (bench) => {
      await prepare(bench);
      return { change, target: await targetOf(bench, partition) };
    },
  };
}

const targetOf = (bench: HmcDpmBench, name: string): Promise<Target> => bench.host.resolve(bench.context(), name);

/** As an operator or a crash makes it. */
const being =
  (name: string, status: Parameters<HmcSimulator['setStatus']>[1]): Prepare =>
  ({ simulator }) =>
    simulator.setStatus(name, status);

/** A launch of a partition, which is not there. */
function launch(
  name: string,
  partition: string,
  more: Parameters<typeof description>[1],
  extra: Partial<Journey> = {},
): Journey {
  const params = description(partition, more);
  const absent = (bench: HmcDpmBench): Promise<void> => remove(bench, partition);
  return {
    name,
    partition,
    recover: absent,
    ...extra,
    prepare: async (bench) => {
      await absent(bench);
      return { change: { operation: 'spawn', params }, target: unmade(bench, partition) };
    },
  };
}

/** What a launch acts on: a name. */
const unmade = ({ host }: HmcDpmBench, name: string): Target => ({ key: host.provisionalKey(name), id: name, name });

async function remove(bench: HmcDpmBench, name: string): Promise<void> {
  for (const { status } of bench.simulator.partitions(name)) {
    if (status === 'starting' || status === 'stopping') bench.simulator.setStatus(name, 'stopped');
    await run(bench.host, 'destroy', bench.context(), { ...(await targetOf(bench, name)), origin: 'spawned' });
  }
}

const nic = { network: { name: NETWORK, vlan: 7, mac: '02:00:00:00:00:0b' } };
const otherNic = { network: { ...nic.network, mac: '02:00:00:00:00:0c' } };
const extra = { volume: { id: 'extra', connection: { type: 'fibre_channel' as const } } };
const surplus = { volume: { id: 'surplus', connection: { type: 'fibre_channel' as const } } };

/** What was stopped for a change, and could not be started again, is started by people. */
const poweredOn =
  (name: string): Prepare =>
  async (bench) => {
    await bench.change('powerOn', name);
  };

/** Runs, and starts from a device; what it started from before stands in its properties. */
const startingFrom =
  (name: string, ...devices: readonly ('disk' | 'network')[]): Prepare =>
  async (bench) => {
    for (const type of devices) await bench.changeWith('setBootDevice', name, { boot_device: { type } });
    bench.simulator.setStatus(name, 'active');
  };

/** Those of the simulator have 2 IFLs and 4096 of at most 8192 MiB; more than that needs a stop. */
const SIZE = { 'ifl-processors': 2, 'initial-memory': 4096, 'maximum-memory': 8192, description: '' };
const LARGER = { vcpus: 4, memory_mib: 8192 };
const LARGEST = { vcpus: 2, memory_mib: 16_384 };

const original =
  (name: string): Prepare =>
  async (bench) => {
    const { simulator } = bench;
    simulator.setStatus(name, 'stopped');
    await bench.atHmc('POST', simulator.partitions(name)[0]?.uri ?? '', SIZE);
    simulator.setStatus(name, 'active');
  };

/** @param image that is launched */
export const journeys = (image: Pick<RescueImage, 'source'>): readonly Journey[] => [
  journey('a power-on', 'starter', { operation: 'powerOn', params: {} }, being('starter', 'stopped')),
  journey('a power-on of what is paused', 'paused', { operation: 'powerOn', params: {} }, being('paused', 'paused')),
  journey('a power-off', 'stopper', { operation: 'powerOff', params: {} }, being('stopper', 'active')),
  journey('a reboot', 'rebooter', { operation: 'reboot', params: {} }, being('rebooter', 'active')),
  journey('a crash dump', 'dumper', { operation: 'triggerCrashDump', params: {} }, being('dumper', 'active')),
  journey(
    'a change of the boot device to the network',
    'network-booted',
    { operation: 'setBootDevice', params: { boot_device: { type: 'network' }, restart: true } },
    startingFrom('network-booted', 'network', 'disk'),
    { recover: poweredOn('network-booted') },
  ),
  journey(
    'a change of the boot device to a volume',
    'disk-booted',
    { operation: 'setBootDevice', params: { boot_device: { type: 'disk' }, restart: true } },
    startingFrom('disk-booted', 'disk', 'network'),
    { recover: poweredOn('disk-booted') },
  ),
  journey('the attachment of a NIC', 'plugged', { operation: 'attachInterface', params: nic }, async (bench) => {
    await bench.changeWith('detachInterface', 'plugged', { interface: nic.network.mac });
  }),
  journey(
    'the detachment of a NIC',
    'unplugged',
    { operation: 'detachInterface', params: { interface: otherNic.network.mac } },
    async (bench) => {
      await bench.changeWith('attachInterface', 'unplugged', otherNic);
    },
  ),
  journey('the attachment of a volume', 'plugged', { operation: 'attachVolume', params: extra }, async (bench) => {
    await bench.changeWith('detachVolume', 'plugged', { volume: 'extra' });
  }),
  journey(
    'the detachment of a volume',
    'unplugged',
    { operation: 'detachVolume', params: { volume: 'surplus' } },
    async (bench) => {
      await bench.changeWith('attachVolume', 'unplugged', surplus);
    },
  ),
  journey('a rescue', 'rescued', { operation: 'rescue', params: {} }, async (bench) => {
    await bench.change('unrescue', 'rescued');
    bench.simulator.setStatus('rescued', 'active');
  }),
  journey(
    'the end of a rescue',
    'unrescued',
    { operation: 'unrescue', params: {} },
    async (bench) => {
      bench.simulator.setStatus('unrescued', 'active');
      await bench.change('rescue', 'unrescued');
    },
    { recover: poweredOn('unrescued') },
  ),
  journey('a resize', 'larger', { operation: 'resize', params: { flavor: LARGER } }, original('larger')),
  journey(
    'a resize with a stop',
    'other-size',
    { operation: 'resize', params: { flavor: LARGEST } },
    original('other-size'),
    { recover: poweredOn('other-size') },
  ),
  journey(
    'a resize that cannot be had',
    'too-large',
    { operation: 'resize', params: { flavor: LARGEST } },
    original('too-large'),
    {
      standing: { kind: 'job-failed', method: 'POST', path: '*/operations/start', ends_as: 'reservation-error' },
      recover: async (bench) => {
        const isResized = bench.simulator.properties('too-large')['description'] !== '';
        if (isResized) await bench.change('revertResize', 'too-large');
        await bench.change('powerOn', 'too-large');
      },
    },
  ),
  journey(
    'the return from a resize',
    'reverted',
    { operation: 'revertResize', params: {} },
    async (bench) => {
      await original('reverted')(bench);
      await bench.changeWith('resize', 'reverted', { flavor: LARGEST });
    },
    { recover: poweredOn('reverted') },
  ),
  journey('the end of a resize', 'confirmed', { operation: 'confirmResize', params: {} }, async (bench) => {
    await original('confirmed')(bench);
    await bench.changeWith('resize', 'confirmed', { flavor: LARGER });
  }),
  launch('a launch', 'web', { volumes: [volume('disks')] }),
  launch('a launch from an image', 'imaged', {
    flavor: { vcpus: 1, memory_mib: 2048 },
    image: image.source,
  }),
  launch(
    'a launch that fails',
    'lost',
    {},
    {
      standing: {
        kind: 'job-failed',
        method: 'POST',
        path: '*/operations/start',
        ends_as: 'terminated',
        times: 'always',
      },
    },
  ),
  {
    name: 'the end of a partition',
    partition: 'old',
    prepare: async (bench) => {
      if (bench.simulator.partitions('old').length === 0) {
        const params = description('old', { volumes: [volume('of-old')] });
        await run(bench.host, 'spawn', bench.context(), unmade(bench, 'old'), params);
      }
      return {
        change: { operation: 'destroy', params: {} },
        target: { ...(await targetOf(bench, 'old')), origin: 'spawned' },
      };
    },
  },
  {
    name: 'the end of an adopted partition',
    partition: 'adopted',
    prepare: async (bench) => {
      bench.simulator.setStatus('adopted', 'active');
      const target = await targetOf(bench, 'adopted');
      return { change: { operation: 'destroy', params: {} }, target: { ...target, origin: 'adopted' } };
    },
  },
];
