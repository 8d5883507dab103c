import type { PlannedStep } from '../../../compute/contract/index.js';
import { seedMedium } from '../../../first-boot/index.js';
import type { Nic } from '../client/hmc-network.js';
import { setBootDevice, type BootDevice, type BootSettings } from './boot-device.js';
import { ensureBootImage, requireImages } from './boot-image.js';
import type { WantedPartition } from './description.js';
import { parametersWithSeed, seedFor, type StartSources } from './first-start.js';
import { isoName } from './iso.js';
import type { BootChoice } from './boot-choice.js';
import type { LookedUp } from './launch-lookup.js';
import { ensureNic } from './nic.js';
import type { PartitionChange } from './partition-change.js';
import { ensureRootStorage } from './root-storage.js';
import { ensureGroup } from './storage.js';

/** Gives a new partition its storage, its NICs and what it starts from; whatever it has already stays. */
export async function furnish(
  change: PartitionChange,
  wanted: WantedPartition,
  found: LookedUp,
  sources: StartSources,
): Promise<void> {
  const { uri, target } = change;
  for (const { group } of groupsOf(found)) await ensureGroup(change, 'attach', uri, group, target.name);
  const rootVolume =
    wanted.root === undefined ? undefined : await ensureRootStorage(change, found.cpc['object-uri'], wanted.root);
  const nics: Nic[] = [];
  for (const [index, network] of wanted.networks.entries()) {
    const backing = found.backings[index];
    if (backing === undefined) throw new TypeError(`network ${network.name} was not looked up`);
    const { found: nic } = await ensureNic(change, uri, {
      name: nicName(index),
      network,
      backing,
      partition: target.name,
    });
    nics.push(nic);
  }
  const boot = await firstBoot(
    change,
    wanted,
    { volumeUri: (rootVolume ?? found.bootVolume)?.['element-uri'], nics },
    sources,
  );
  if (boot === undefined) return;
  await setBootDevice(change, uri, { ...boot, ...(wanted.isSecureBoot ? { 'secure-boot': true } : {}) }, target.name);
}

interface Furnished {
  /** Of the volume that it starts from, when it does. */
  readonly volumeUri: string | undefined;
  /** In the order of the description's networks. */
  readonly nics: readonly Nic[];
}

/**
 * What it starts from, with what its guest is told: on the ISO image, and at an address that its kernel is given. That stands in
 * the ISO image too, or in the boot parameters of a volume or the network.
 *
 * @returns undefined when it is set at the creation, or needs not to be set
 */
async function firstBoot(
  change: PartitionChange,
  wanted: WantedPartition,
  { volumeUri, nics }: Furnished,
  sources: StartSources,
): Promise<(BootDevice & BootSettings) | undefined> {
  const { boot, guest, networks, osParameters, start: isStarted } = wanted;
  const seed = guest === undefined ? undefined : seedFor(change, guest, networks, nics);
  const parameters = async (): Promise<string> =>
    seed === undefined ? osParameters : await parametersWithSeed(change, sources, seed, { osParameters, isStarted });
  if (boot.from === 'image') {
    return await ensureBootImage(change, {
      image: boot.image,
      images: requireImages(sources.images),
      imageName: isoName('image', change.ctx.operationId),
      noun: `image of partition ${wanted.name}`,
      additions: async () => ({
        seed: seed === undefined ? undefined : seedMedium(seed),
        parameters: await parameters(),
      }),
    });
  }
  const device = bootDevice(wanted, volumeUri, nics);
  if (device === undefined || seed === undefined) return device;
  return { ...device, 'boot-os-specific-parameters': await parameters() };
}

/** What {@link furnish} would do for a partition that has nothing yet. */
export function furnishingSteps(
  { name, networks, root, boot, guest }: WantedPartition,
  found: LookedUp,
): PlannedStep[] {
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
    ...(boot.from === 'image'
      ? [
          step('fetch-image', `fetch the image${guest === undefined ? '' : ' and add what the guest is told'}`),
          step('mount-iso-image', `mount it to partition ${name}`),
        ]
      : guest === undefined
        ? []
        : [step('offer-seed', 'offer what the guest is told over HTTP, for half an hour')]),
    ...(boot.from in BOOT_WORDS
      ? [step('set-boot-device', `let partition ${name} start from ${BOOT_WORDS[boot.from]}`)]
      : []),
  ];
}

/** What it is told to start from once it is there. */
const BOOT_WORDS: Readonly<Partial<Record<BootChoice['from'], string>>> = {
  image: 'its image',
  root: 'its own storage group',
  volume: 'its boot volume',
  network: 'the network',
};

function nicName(index: number): string {
  return `nic${index}`;
}

/** Each group once: several of the volumes may be of one. */
function groupsOf({ volumes }: LookedUp): LookedUp['volumes'] {
  const uris = volumes.map(({ group }) => group['object-uri']);
  return volumes.filter((_, index) => uris.indexOf(uris[index] ?? '') === index);
}

function bootDevice(
  { boot, networks }: WantedPartition,
  volumeUri: string | undefined,
  nics: readonly Nic[],
): BootDevice | undefined {
  switch (boot.from) {
    case 'root':
    case 'volume':
      if (volumeUri === undefined) throw new TypeError('the boot volume was not looked up');
      return { 'boot-device': 'storage-volume', 'boot-storage-volume': volumeUri };
    case 'network': {
      const nicUri = nics[networks.findIndex(({ name }) => name === boot.network.name)]?.['element-uri'];
      if (nicUri === undefined) throw new TypeError(`network ${boot.network.name} has no NIC`);
      return { 'boot-device': 'network-adapter', 'boot-network-device': nicUri };
    }
    case 'image':
    case 'nothing':
    case 'ftp':
    case 'ssc':
      return undefined;
  }
}
