import { randomBytes, randomUUID } from 'node:crypto';
import { ADAPTER_TYPES } from '../adapters/adapter.schema.js';
import type { HmcObject } from '../model.js';
import type { Partition } from '../model.js';
import { refuse } from '../hmc-error.js';
import { hasVirtualSwitches } from '../generation.js';
import type { Hmc } from '../hmc.js';
import type { UserEntry } from '../inventory.schema.js';
import { checkCreation, checkUpdate } from '../property-rules.js';
import { createNic, initialNicProperties, NIC_PROPERTIES, nicProperties } from './nic.js';
import type { Backing, Nic } from '../model.js';
import { connectedNicUris, isSwitched } from './virtual-switch.js';

type Fields = Readonly<Record<string, unknown>>;
type Surroundings = Pick<Hmc, 'estate' | 'machine' | 'changes' | 'level' | 'devices'>;

/** Carries out a Create NIC. */
export function addNic(hmc: Surroundings, partition: Partition, given: Fields, user: UserEntry): Nic {
  const { name } = given;
  if (name === undefined) throw refuse.fieldMissing('name');
  checkCreation(NIC_PROPERTIES, given, hmc.level);
  const backing = backingOf(hmc, partition, given, user);
  if (backing === null) throw refuse.fieldMissing(backingField(partition));
  check(hmc, partition, given, null);
  hmc.machine.assertUpdatable(partition, false);
  const stored = initialNicProperties(withSpelling(given));
  stored['device-number'] ||= hmc.devices.freeNumber(partition);
  stored['mac-address'] ??= freeMac(partition);
  const nic = createNic(partition, randomUUID(), { name: name as string, backing, stored });
  changeNics(hmc, partition, [backing], () => void partition.nics.push(nic));
  hmc.machine.followAdapters(partition);
  hmc.changes.emit({ kind: 'inventory', object: nic, action: 'add' });
  return nic;
}

/** Carries out an Update NIC Properties. */
export function updateNic(hmc: Surroundings, nic: Nic, given: Fields, user: UserEntry): void {
  const { partition } = nic;
  const needsStopped = checkUpdate(NIC_PROPERTIES, given, hmc.level);
  const backing = backingOf(hmc, partition, given, user) ?? nic.backing;
  check(hmc, partition, given, nic);
  hmc.machine.assertUpdatable(partition, needsStopped);
  const { name, 'virtual-switch-uri': _switch, 'network-adapter-port-uri': _port, ...rest } = withSpelling(given);
  const before = nicProperties(nic, hmc.level);
  changeNics(hmc, partition, [nic.backing, backing], () => {
    if (typeof name === 'string') nic.name = name;
    nic.backing = backing;
    nic.stored = { ...nic.stored, ...rest };
  });
  hmc.machine.followAdapters(partition);
  hmc.changes.emitDifferences(nic, before, nicProperties(nic, hmc.level));
}

/** Carries out a Delete NIC. A partition that would have booted from it has no boot device afterwards. */
export function deleteNic(hmc: Surroundings, nic: Nic): void {
  const { partition } = nic;
  hmc.machine.assertUpdatable(partition, false);
  changeNics(hmc, partition, [nic.backing], () => void partition.nics.splice(partition.nics.indexOf(nic), 1));
  hmc.machine.followAdapters(partition);
  if (partition.stored['boot-network-device'] === nic.uri) {
    const wasBootDevice = partition.stored['boot-device'] === 'network-adapter';
    hmc.estate.store(partition, {
      ...(wasBootDevice ? { 'boot-device': 'none' } : {}),
      'boot-network-device': null,
    });
  }
  hmc.changes.emit({ kind: 'inventory', object: nic, action: 'remove' });
}

/** What the deletion of a partition means for its NICs. */
export function deleteAllNics(hmc: Pick<Hmc, 'changes'>, partition: Partition): void {
  const nics = [...partition.nics];
  changeNics(
    hmc,
    partition,
    nics.map(({ backing }) => backing),
    () => void partition.nics.splice(0),
  );
  for (const nic of nics) hmc.changes.emit({ kind: 'inventory', object: nic, action: 'remove' });
}

/** Makes a change and tells of what follows from it: `nic-uris`, `connected-vnic-uris`. */
function changeNics(
  hmc: Pick<Hmc, 'changes'>,
  partition: Partition,
  backings: readonly Backing[],
  make: () => void,
): void {
  const switches = new Set(backings.flatMap((backing) => (backing.kind === 'switch' ? [backing.vswitch] : [])));
  const look = () =>
    new Map<HmcObject, Record<string, unknown>>([
      [partition, { 'nic-uris': partition.nics.map(({ uri }) => uri) }],
      ...[...switches].map((vswitch) => [vswitch, { 'connected-vnic-uris': connectedNicUris(vswitch) }] as const),
    ]);
  const before = look();
  make();
  for (const [object, after] of look()) hmc.changes.emitDifferences(object, before.get(object) ?? {}, after);
}

const backingField = ({ cpc }: Partition): string =>
  hasVirtualSwitches(cpc.generation) ? 'virtual-switch-uri' : 'network-adapter-port-uri';

/** What the NIC is to be plugged into; null when that is not said. */
function backingOf(hmc: Surroundings, partition: Partition, given: Fields, user: UserEntry): Backing | null {
  const [switchUri, portUri] = [given['virtual-switch-uri'] ?? null, given['network-adapter-port-uri'] ?? null];
  if (switchUri !== null && portUri !== null) {
    throw refuse.badValue('network-adapter-port-uri', 'virtual-switch-uri is given as well');
  }
  if (typeof switchUri === 'string') {
    const vswitch = partition.cpc.virtualSwitches.find(({ uri }) => uri === switchUri);
    if (vswitch === undefined || !vswitch.isSeenBy(user)) throw refuse.namedObjectUnknown(switchUri);
    return { kind: 'switch', vswitch, port: vswitch.port };
  }
  return typeof portUri === 'string' ? portBacking(hmc, partition, portUri, user) : null;
}

function portBacking(hmc: Surroundings, { cpc }: Partition, uri: string, user: UserEntry): Backing {
  const adapterUri = /^(.+)\/network-ports\/[^/]+$/.exec(uri)?.[1];
  const adapter = hmc.estate.adapters().find((candidate) => candidate.uri === adapterUri);
  if (adapter === undefined || adapter.cpc !== cpc || !adapter.isSeenBy(user)) throw refuse.namedObjectUnknown(uri);
  if (ADAPTER_TYPES[adapter.type].ports !== 'network' || (isSwitched(adapter) && hasVirtualSwitches(cpc.generation))) {
    throw refuse.notForAdapter(adapter.name, adapter.type);
  }
  const port = adapter.ports.find((candidate) => candidate.uri === uri);
  if (port === undefined) throw refuse.namedPortUnknown(uri);
  return { kind: 'port', port };
}

/** What a NIC must not share with others, and what is for Secure Service Containers only. */
function check({ devices }: Surroundings, partition: Partition, given: Fields, self: Nic | null): void {
  const others = partition.nics.filter((nic) => nic !== self);
  if (others.some(({ name }) => name === given['name'])) throw refuse.notUnique('name', 'another NIC of the partition');
  const { 'device-number': number, 'mac-address': mac } = withSpelling(given);
  if (number !== undefined && number !== self?.stored['device-number'] && devices.numbers(partition).includes(number)) {
    throw refuse.notUnique('device-number', 'another device of the partition');
  }
  const isTaken = nicsOf(partition).some((nic) => nic !== self && nic.stored['mac-address'] === mac);
  if (mac !== undefined && isTaken) throw refuse.notUnique('mac-address', 'another NIC of the CPC');
  const ssc = Object.entries(given).find(
    ([name, value]) => name.startsWith('ssc-') && value !== null && value !== false,
  );
  if (ssc !== undefined && partition.type !== 'ssc') throw refuse.badValue(ssc[0], 'the partition is not of type ssc');
}

/** Hexadecimal digits as the HMC writes them. */
function withSpelling(given: Fields): Record<string, unknown> & { 'device-number'?: string; 'mac-address'?: string } {
  const { 'device-number': number, 'mac-address': mac } = given;
  return {
    ...given,
    ...(typeof number === 'string' ? { 'device-number': number.toUpperCase() } : {}),
    ...(typeof mac === 'string' ? { 'mac-address': mac.toLowerCase() } : {}),
  };
}

const nicsOf = ({ cpc }: Partition): Nic[] => cpc.partitions.flatMap(({ nics }) => nics);

function freeMac(partition: Partition): string {
  const taken = new Set(nicsOf(partition).map((nic) => nic.stored['mac-address']));
  for (;;) {
    const digits = randomBytes(5).toString('hex');
    const mac = ['02', ...(digits.match(/../g) ?? [])].join(':');
    if (!taken.has(mac)) return mac;
  }
}
