import type { ChangeParams, Images, Network, SeedContent, Seeds } from '../../../compute/contract/index.js';
import { firstBootOf, seedContent, seedKernelParameter } from '../../../first-boot/index.js';
import type { Nic } from '../client/hmc-network.js';
import { guestNic } from '../mapping/guest-nic.js';
import type { BootChoice } from './boot-choice.js';
import { requireImages } from './boot-image.js';
import { LONGEST_OS_PARAMETERS, type LaunchOptions } from './launch-options.js';
import type { PartitionChange } from './partition-change.js';
import { invalid, limited, optionPath } from './refusal.js';

/** The first start of a guest: what it is told, and how that reaches it. */

/** Where a first start comes from. */
export interface StartSources {
  readonly images: Images | undefined;
  /** Null: guests read no seeds over HTTP. */
  readonly seeds: Seeds | null;
}

/** As long as every operation's id, which the guest is told as well. */
const SOME_ID = '00000000-0000-0000-0000-000000000000';

type Description = ChangeParams<'spawn'>;
type Described = Parameters<typeof firstBootOf>[0];

/** What a guest is told at its first start, by cloud-init in it. */
export interface GuestSetup {
  readonly described: Described;
  readonly isKvmHost: boolean;
  /** A field that asks for it, for people. */
  readonly field: string;
}

/**
 * What a description tells the guest; undefined when that is nothing, so that nothing needs to reach it.
 *
 * @throws ComputeError FEATURE_LIMITED where it would not reach it, REQUEST_INVALID
 */
export function guestSetupOf(
  description: Description,
  { type, preset }: Pick<LaunchOptions, 'type' | 'preset'>,
  boot: BootChoice,
): GuestSetup | undefined {
  const { networks = [], config_drive: configDrive, start = true } = description;
  const isKvmHost = preset === 'kvm-host';
  if (isKvmHost && networks.length === 0) {
    throw invalid(
      optionPath('preset'),
      'kvm-host puts a bridge on each network interface; give at least one of networks',
    );
  }
  const [field] = [...toldFields(description), ...(isKvmHost ? [optionPath('preset')] : [])];
  if (field === undefined) return undefined;
  if (type !== 'linux') throw limited(field, `a partition of type ${type} has no cloud-init that could be told`);
  if (configDrive === true && boot.from !== 'image') {
    const text =
      'the only medium that a partition can be given is the ISO image that it starts from, so this goes with an image; elsewhere the guest reads the same over HTTP without it';
    throw limited('config_drive', text);
  }
  if (boot.from === 'ftp' || (boot.from === 'nothing' && !start)) {
    const text =
      'reaches a guest in the image that it starts from, or by its boot parameters from a volume or the network';
    throw limited(field, text);
  }
  if (boot.from !== 'image' && !start) {
    const text =
      'the guest can read it for half an hour only, so that the partition has to be started at once; leave out start false, or give an image';
    throw limited(field, text);
  }
  const setup: GuestSetup = { described: description, isKvmHost, field };
  // Whether user data can stand beside the rest shows only where they are put together.
  seedContent(firstBootOf(description, { instanceId: '', nics: networks.map(placeholder), isKvmHost }));
  return setup;
}

/** The fields that speak to the guest. */
function toldFields(description: Description): string[] {
  const { networks = [] } = description;
  const fields = ['user_data', 'ssh_keys', 'admin_password', 'files', 'metadata', 'config_drive'] as const;
  return [
    ...fields.filter((field) => isGiven(description[field])),
    ...(description.disk_config === 'manual' ? ['disk_config'] : []),
    ...networks.flatMap(({ addresses }, index) => (isGiven(addresses) ? [`networks[${index}].addresses`] : [])),
  ];
}

function isGiven(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== false && value !== '';
}

function placeholder({ addresses }: Network) {
  return { qeth: { deviceNumber: '0000', type: 'osa' as const }, addresses };
}

/**
 * Refuses what this service has nothing for.
 *
 * @param osParameters what the caller gives the kernel, beside which the address of a seed has to have room
 * @throws ComputeError FEATURE_LIMITED, REQUEST_INVALID
 */
export function requireSources(
  { images, seeds }: StartSources,
  boot: BootChoice,
  guest: GuestSetup | undefined,
  osParameters: string,
): void {
  if (boot.from === 'image') {
    requireImages(images);
    return;
  }
  if (guest === undefined) return;
  if (seeds === null) {
    const text =
      'a guest that starts from a volume or the network reads this from the service over HTTP, and the configuration has no `seed` (see docs/first-boot.md); add one, or start from an image';
    throw limited(guest.field, text);
  }
  const left = LONGEST_OS_PARAMETERS - seedKernelParameter('x'.repeat(seeds.urlLength), SOME_ID).length - 1;
  if (osParameters.length <= left) return;
  throw invalid(
    optionPath('boot_os_parameters'),
    `must be ${left} characters at most beside ${guest.field}, since the address from which the guest reads it goes into the same ${LONGEST_OS_PARAMETERS}`,
  );
}

/**
 * What the guest is told. Every attempt of an operation tells it the same, and another operation something that makes it start over.
 *
 * @param nics in the order of `networks`, as they were made. DPM itself tags with their VLANs
 */
export function seedFor(
  { ctx }: PartitionChange,
  { described, isKvmHost }: GuestSetup,
  networks: readonly Network[],
  nics: readonly Nic[],
): SeedContent {
  const guestNics = nics.map((nic, index) => guestNic(nic, networks[index]?.addresses));
  return seedContent(firstBootOf(described, { instanceId: ctx.operationId, nics: guestNics, isKvmHost }));
}

/**
 * Offers a seed over HTTP, where this service does that. Its address is good for half an hour: whoever is to be started later has
 * none, and reads what is on its image.
 *
 * @param osParameters of the caller
 * @returns with them, the parameters by which the kernel of the guest has the address of the seed
 */
export async function parametersWithSeed(
  { ctx, target }: PartitionChange,
  { seeds }: StartSources,
  content: SeedContent,
  { osParameters, isStarted }: { readonly osParameters: string; readonly isStarted: boolean },
): Promise<string> {
  if (seeds === null || !isStarted) return osParameters;
  const { url } = await seeds.offer(ctx, target.key, content);
  return `${osParameters} ${seedKernelParameter(url, ctx.operationId)}`.trimStart();
}
