import { z } from 'zod';
import type { HmcClient } from './hmc-client.js';
import { getMany, unlessGone } from './hmc-many.js';
import { word } from './hmc-schemas.js';
import { uriOf } from './hmc-uri.js';

/** Adapters, virtual switches and NICs in the HMC's words (hmc-dpm.md section 11). */

const VirtualSwitchSchema = z.object({
  'object-uri': uriOf('virtual-switches'),
  name: word,
  type: word.nullish(),
  'backing-adapter-uri': uriOf('adapters').nullish(),
  port: z.int().nonnegative().nullish(),
});
export type VirtualSwitch = z.infer<typeof VirtualSwitchSchema>;
const VirtualSwitchListSchema = z.object({ 'virtual-switches': z.array(VirtualSwitchSchema) });

const AdapterItemSchema = z.object({
  'object-uri': uriOf('adapters'),
  name: word,
  'adapter-id': word.nullish(),
  'adapter-family': word.nullish(),
  type: word.nullish(),
  status: word.nullish(),
});
/** An item of List Adapters of a CPC. */
export type AdapterItem = z.infer<typeof AdapterItemSchema>;
const AdapterListSchema = z.object({ adapters: z.array(AdapterItemSchema) });

const AdapterPortsSchema = z.object({ 'network-port-uris': z.array(uriOf('adapters', 'network-ports')).nullish() });

export const NicSchema = z.object({
  'element-uri': uriOf('partitions', 'nics'),
  name: word,
  description: z.string().max(4096).nullish(),
  type: word.nullish(),
  'device-number': word.nullish(),
  'mac-address': word.nullish(),
  'vlan-id': z.int().nullish(),
  'virtual-switch-uri': uriOf('virtual-switches').nullish(),
  'network-adapter-port-uri': uriOf('adapters', 'network-ports').nullish(),
});
export type Nic = z.infer<typeof NicSchema>;

const NicUrisSchema = z.object({ 'nic-uris': z.array(uriOf('partitions', 'nics')).nullish() });
const ElementSchema = z.object({ 'element-uri': uriOf('partitions', 'nics') });

/** List Virtual Switches of a CPC, with what backs each; none from a machine that does not have such a thing (z17; section 2). */
export async function virtualSwitches(
  client: HmcClient,
  cpcUri: string,
  signal?: AbortSignal,
): Promise<VirtualSwitch[]> {
  const path = `${cpcUri}/virtual-switches`;
  const facts = ['backing-adapter-uri', 'port'];
  const listed = await unlessGone(() => client.getList(path, facts, VirtualSwitchListSchema, signal));
  const items = listed?.['virtual-switches'] ?? [];
  if (items.every((item) => item['backing-adapter-uri'] !== undefined)) return items;
  const whole = await getMany(
    client,
    items.map((item) => item['object-uri']),
    VirtualSwitchSchema,
    signal,
  );
  return whole.filter((item) => item !== undefined);
}

/** List Adapters of a CPC. */
export async function adapters(client: HmcClient, cpcUri: string, signal?: AbortSignal): Promise<AdapterItem[]> {
  return (await client.get(`${cpcUri}/adapters`, AdapterListSchema, signal)).adapters;
}

/** The network ports of an adapter, in the order of their numbers. */
export async function networkPorts(client: HmcClient, adapterUri: string, signal?: AbortSignal): Promise<string[]> {
  const adapter = await client.getSome(adapterUri, ['network-port-uris'], {}, AdapterPortsSchema, signal);
  return adapter['network-port-uris'] ?? [];
}

/** The NICs of a partition: their URIs, then all of them together. */
export async function nicsOf(client: HmcClient, partitionUri: string, signal?: AbortSignal): Promise<Nic[]> {
  const partition = await client.getSome(partitionUri, ['nic-uris'], {}, NicUrisSchema, signal);
  const nics = await getMany(client, partition['nic-uris'] ?? [], NicSchema, signal);
  return nics.filter((nic) => nic !== undefined);
}

/** The NICs of some partitions, by the URI of each: which there are, where that is not known, then all of them together. */
export async function nicsOfMany(
  client: HmcClient,
  partitions: readonly { readonly 'object-uri': string; readonly 'nic-uris'?: readonly string[] | null | undefined }[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly Nic[]>> {
  const unknown = partitions.filter((partition) => partition['nic-uris'] === undefined);
  const uris = unknown.map((partition) => partition['object-uri']);
  const learnt = await getMany(client, uris, NicUrisSchema, signal);
  const byPartition = new Map(
    partitions.map((partition) => {
      const known = partition['nic-uris'] ?? learnt[unknown.indexOf(partition)]?.['nic-uris'];
      return [partition['object-uri'], known ?? []] as const;
    }),
  );
  const all = [...byPartition.values()].flat();
  const read = await getMany(client, all, NicSchema, signal);
  const byUri = new Map(all.map((uri, index) => [uri, read[index]]));
  return new Map([...byPartition].map(([uri, nics]) => [uri, nics.flatMap((nic) => byUri.get(nic) ?? [])] as const));
}

/** What a new NIC is made of; what backs it is one of the two URIs. */
export type NewNic = {
  readonly name: string;
  readonly description: string;
  readonly 'virtual-switch-uri'?: string;
  readonly 'network-adapter-port-uri'?: string;
  readonly 'vlan-id'?: number;
  readonly 'mac-address'?: string;
};

/** Create NIC. @returns its URI */
export async function createNic(
  client: HmcClient,
  partitionUri: string,
  nic: NewNic,
  timeoutMs: number,
): Promise<string> {
  return (await client.postFor(`${partitionUri}/nics`, { ...nic }, ElementSchema, timeoutMs))['element-uri'];
}
