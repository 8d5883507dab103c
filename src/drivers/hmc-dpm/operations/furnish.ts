import type { PlannedStep } from '../../../compute/contract/index.js';
import { setBootDevice, type BootDevice } from './boot-device.js';
import type { WantedPartition } from './description.js';
import type { LookedUp } from './launch-lookup.js';
import { ensureNic } from './nic.js';
import type { PartitionChange } from './partition-change.js';
import { ensureRootStorage } from './root-storage.js';
import { ensureGroup } from './storage.js';

/** Gives a new partition its storage, its NICs and what it starts from; whatever it has already stays. */
export async function furnish(change: PartitionChange, wanted: WantedPartition, found: LookedUp): Promise<void> {
  const { uri, target } = change;
  for (const { group } of groupsOf(found)) await ensureGroup(change, 'attach', uri, group, target.name);
  const rootVolume =
    wanted.root === undefined ? undefined : await ensureRootStorage(change, found.cpc['object-uri'], wanted.root);
  const nics = new Map<string, string>();
  for (const [index, network] of wanted.networks.entries()) {
    const backing = found.backings[index];
    if (backing === undefined) throw new TypeError(`network ${network.name} was not looked up`);
    const { found: nic } = await ensureNic(change, uri, {
      name: nicName(index),
      network,
      backing,
      partition: target.name,
    });
    if (!nics.has(network.name)) nics.set(network.name, nic['element-uri']);
  }
  const device = bootDevice(wanted, (rootVolume ?? found.bootVolume)?.['element-uri'], nics);
  if (device === undefined) return;
  await setBootDevice(change, uri, { ...device, ...(wanted.isSecureBoot ? { 'secure-boot': true } : {}) }, target.name);
}

/** What {@link furnish} would do for a partition that has nothing yet. */
export function furnishingSteps({ name, networks, root, boot }: WantedPartition, found: LookedUp): PlannedStep[] {
  const step = (action: string, description: string): PlannedStep => ({ action, description });
  return [
    ...groupsOf(found).map(({ group }) =>
      step('attach-storage-group', `attach storage group ${group.name} to partition ${name}`),
    ),
    ...(root === undefined
      ? []
      : [
          step('create-storage-group', `create storage group ${root.group} with a boot volume of ${root.rootGib} GiB`),
          step('attach-storage-group', `attach storage group ${root.group} to partition ${name}`),
          step('wait', `wait until the storage system has given storage group ${root.group}`),
        ]),
    ...networks.map((network, index) => {
      const vlan = network.vlan === undefined ? '' : `, VLAN ${network.vlan}`;
      return step('create-nic', `create NIC ${nicName(index)} of partition ${name} on network ${network.name}${vlan}`);
    }),
    ...(boot.from === 'root' || boot.from === 'volume' || boot.from === 'network'
      ? [step('set-boot-device', `let partition ${name} start from ${BOOT_WORDS[boot.from]}`)]
      : []),
  ];
}

const BOOT_WORDS = { root: 'its own storage group', volume: 'its boot volume', network: 'the network' } as const;

function nicName(index: number): string {
  return `nic${index}`;
}

/** Each group once: several of the volumes may be of one. */
function groupsOf({ volumes }: LookedUp): LookedUp['volumes'] {
  const uris = volumes.map(({ group }) => group['object-uri']);
  return volumes.filter((_, index) => uris.indexOf(uris[index] ?? '') === index);
}

/** Undefined when it is set at the creation, or needs not to be set. */
function bootDevice(
  { boot }: WantedPartition,
  volumeUri: string | undefined,
  nics: ReadonlyMap<string, string>,
): BootDevice | undefined {
  switch (boot.from) {
    case 'root':
    case 'volume':
      if (volumeUri === undefined) throw new TypeError('the boot volume was not looked up');
      return { 'boot-device': 'storage-volume', 'boot-storage-volume': volumeUri };
    case 'network': {
      const nicUri = nics.get(boot.network.name);
      if (nicUri === undefined) throw new TypeError(`network ${boot.network.name} has no NIC`);
      return { 'boot-device': 'network-adapter', 'boot-network-device': nicUri };
    }
    case 'nothing':
    case 'ftp':
    case 'ssc':
      return undefined;
  }
}
