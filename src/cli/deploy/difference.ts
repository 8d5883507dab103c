import type { MethodInput } from '../../client/index.js';
import {
  ChangeFields,
  type AttachedVolumeAnswer,
  type InstanceInfoAnswer,
  type InterfaceAnswer,
  type MethodParams,
  type Network,
  type PlannedStep,
} from '../../compute/contract/index.js';

/** What an instance that is there is to be: the description of a new one. */
export type Description = MethodParams<'compute.spawn'>;

type ChangeMethod =
  | 'compute.resize'
  | 'compute.confirm_resize'
  | 'compute.extend_volume'
  | 'compute.attach_interface'
  | 'compute.detach_interface'
  | 'compute.attach_volume'
  | 'compute.detach_volume'
  | 'compute.power_on';

/** One request of a deployment. */
export type Change = {
  [M in ChangeMethod]: {
    readonly method: M;
    readonly params: MethodInput<M>;
    /** What it does, in our words: asked now, the service would judge it without what comes before it. */
    readonly steps?: readonly PlannedStep[];
  };
}[ChangeMethod];

/** An instance of ours that has the name of a description. */
export interface Standing {
  readonly info: InstanceInfoAnswer;
  /** The fields that it was told otherwise at its making; null when that is not known. */
  readonly changed: readonly string[] | null;
}

/** What is to be done about one kind of device. */
export interface DeviceDifference {
  readonly changes: readonly Change[];
  /** Indexes in the description of those that are attached anew. */
  readonly added: readonly number[];
  /** Of what cannot be told whether the description means it. */
  readonly unclear: readonly string[];
}

const NONE: DeviceDifference = { changes: [], added: [], unclear: [] };

/** The fields of a description that take effect at the making of an instance and cannot be compared afterwards. */
export function toldOnce(description: Description): string[] {
  return Object.entries(description)
    .filter(([field, value]) => value !== undefined && !COMPARED.has(field))
    .map(([field]) => field);
}

const COMPARED: ReadonlySet<string> = new Set([
  ...(['host', 'name', 'flavor', 'networks', 'volumes', 'start'] satisfies (keyof Description)[]),
  ...Object.keys(ChangeFields),
]);

/** The lists of a description whose counterpart a driver cannot tell. */
export function untoldLists({ networks, volumes }: Description, { info }: Standing): string[] {
  return [
    ...(networks !== undefined && (info.interfaces ?? null) === null ? ['networks'] : []),
    ...(volumes !== undefined && (info.volumes ?? null) === null ? ['volumes'] : []),
  ];
}

/** The fields that an instance would have to be made anew for. What is attached now is told its fields now. */
export function refusedFields(
  changed: readonly string[],
  added: Readonly<Record<'networks' | 'volumes', readonly number[]>>,
): string[] {
  const anew = (['networks', 'volumes'] as const).flatMap((list) => added[list].map((index) => `${list}[${index}].`));
  return changed.filter((field) => !anew.some((prefix) => field.startsWith(prefix)));
}

/**
 * A description that does not speak of networks leaves them as they are, and so does a driver that cannot tell them; one with an
 * empty list takes all away.
 */
export function interfaceDifference({ host, name, networks }: Description, { info }: Standing): DeviceDifference {
  const { interfaces: there } = info;
  if (networks === undefined || there === null || there === undefined) return NONE;
  const left = [...there];
  const isFound = new Set<number>();
  const take = (index: number, isIt: (one: InterfaceAnswer) => boolean): void => {
    const at = left.findIndex(isIt);
    if (at < 0) return;
    left.splice(at, 1);
    isFound.add(index);
  };
  networks.forEach((wanted, index) => {
    if (wanted.mac !== undefined) take(index, (one) => hasMac(one, wanted) && isOn(one, wanted));
  });
  networks.forEach((wanted, index) => {
    // An address that another entry asks for is that one's.
    const isFree = (one: InterfaceAnswer): boolean => !networks.some((other) => hasMac(one, other));
    if (wanted.mac === undefined) take(index, (one) => isFree(one) && isOn(one, wanted));
  });
  const added = [...networks.keys()].filter((index) => !isFound.has(index));
  const instance = { host, instance: name };
  const attachments = added.flatMap((index): Extract<Change, { method: 'compute.attach_interface' }>[] => {
    const network = networks[index];
    if (network === undefined) return [];
    const isToGoFirst = left.some((one) => hasMac(one, network));
    const steps = isToGoFirst ? { steps: [attachStep(network)] } : {};
    return [{ method: 'compute.attach_interface', params: { ...instance, network }, ...steps }];
  });
  return {
    changes: [
      ...attachments.filter(({ steps }) => steps === undefined),
      ...left.map((one): Change => ({
        method: 'compute.detach_interface',
        params: { ...instance, interface: one.name },
      })),
      // Their MAC addresses are only free now.
      ...attachments.filter(({ steps }) => steps !== undefined),
    ],
    added,
    unclear: left.filter((one) => one.network === null).map((one) => `the network of interface ${one.name}`),
  };
}

function hasMac(one: InterfaceAnswer, { mac }: Network): boolean {
  return mac !== undefined && one.mac?.toLowerCase() === mac.toLowerCase();
}

function isOn(one: InterfaceAnswer, { name, vlan }: Network): boolean {
  return (one.network === name || one.network_aliases.includes(name)) && one.vlan === (vlan ?? null);
}

function attachStep({ name, mac, vlan }: Network): PlannedStep {
  const inVlan = vlan === undefined ? '' : ` in VLAN ${vlan}`;
  return { action: 'attach-interface', description: `attach interface ${mac ?? ''} to network ${name}${inVlan}` };
}

/** As {@link interfaceDifference}. What belongs to the instance itself is never taken away. */
export function volumeDifference({ host, name, volumes }: Description, { info }: Standing): DeviceDifference {
  const { volumes: there } = info;
  if (volumes === undefined || there === null || there === undefined) return NONE;
  const added = volumes.flatMap(({ id }, index) => (there.some((one) => isMeant(one, id)) ? [] : [index]));
  const tooMany = there.filter((one) => !one.root && !volumes.some(({ id }) => isMeant(one, id)));
  const instance = { host, instance: name };
  return {
    changes: [
      ...added.flatMap((index): Change[] => {
        const volume = volumes[index];
        return volume === undefined ? [] : [{ method: 'compute.attach_volume', params: { ...instance, volume } }];
      }),
      ...tooMany.map((one): Change => ({ method: 'compute.detach_volume', params: { ...instance, volume: one.id } })),
    ],
    added,
    unclear: [],
  };
}

function isMeant({ id, aliases }: AttachedVolumeAnswer, wanted: string): boolean {
  return id === wanted || aliases.includes(wanted);
}

/** How a root disk becomes as large as is wanted: it grows, or it is refused. */
export function rootDifference(
  { host, name, flavor }: Description,
  { info }: Standing,
): Change | 'refused' | undefined {
  const { root_gib: wanted } = flavor;
  if (wanted === undefined) return undefined;
  const root = info.volumes?.find((one) => one.root);
  const size = root?.size_gib ?? null;
  if (root === undefined || size === null || size > wanted) return 'refused';
  if (size === wanted) return undefined;
  return { method: 'compute.extend_volume', params: { host, instance: name, volume: root.id, size_gib: wanted } };
}

/** The parts of a flavor that an instance has otherwise, where its driver cannot change any. */
export function fixedFlavor({ flavor }: Description, { info }: Standing): string[] {
  return [
    ...(info.vcpus === flavor.vcpus ? [] : ['flavor.vcpus']),
    ...(info.memory_mib === flavor.memory_mib ? [] : ['flavor.memory_mib']),
  ];
}
