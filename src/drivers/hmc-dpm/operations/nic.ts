import { ComputeError } from '../../../common/errors/index.js';
import type { Network } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import {
  adapters,
  createNic,
  networkPorts,
  nicsOf,
  NicSchema,
  virtualSwitches,
  type Nic,
} from '../client/hmc-network.js';
import { unlessGone } from '../client/hmc-many.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { isMarked, marked } from '../mapping/marks.js';
import type { HmcChange } from './hmc-change.js';
import { makeSo, settle, type Settled } from '../../kit/index.js';

/** What a NIC is connected to, in the words in which the HMC wants it. */
export type NicBacking = { readonly 'virtual-switch-uri': string } | { readonly 'network-adapter-port-uri': string };

/** Families of adapters that have virtual switches before z17 (hmc-dpm.md section 11). */
const SWITCHED = new Set(['osa', 'hipersockets']);

/**
 * The networks of a CPC, read once: what `network.name` can stand for. That is a virtual switch, an adapter, or an adapter and
 * the number of its port: `OSD1/1`.
 */
export class CpcNetworks {
  #switches: ReturnType<typeof virtualSwitches> | undefined;
  #adapters: ReturnType<typeof adapters> | undefined;

  constructor(
    private readonly client: HmcClient,
    private readonly cpcUri: string,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws ComputeError RESOURCE_NOT_FOUND with the names that there are; FEATURE_LIMITED for an adapter without network ports */
  async backing(name: string): Promise<NicBacking> {
    this.#switches ??= virtualSwitches(this.client, this.cpcUri, this.signal);
    const switches = await this.#switches;
    const named = switches.find((one) => one.name === name);
    if (named !== undefined) return { 'virtual-switch-uri': named['object-uri'] };
    this.#adapters ??= adapters(this.client, this.cpcUri, this.signal);
    const there = await this.#adapters;
    const { adapter, port } = adapterPort(there, name) ?? {};
    if (adapter === undefined || port === undefined) {
      throw notThere(name, [...switches.map((one) => one.name), ...there.filter(isNetwork).map((one) => one.name)]);
    }
    const uri = adapter['object-uri'];
    if (SWITCHED.has(adapter['adapter-family'] ?? '')) {
      const backed = switches.find((one) => one['backing-adapter-uri'] === uri && (one.port ?? 0) === port);
      if (backed !== undefined) return { 'virtual-switch-uri': backed['object-uri'] };
    }
    const ports = await networkPorts(this.client, uri, this.signal);
    const portUri = ports.find((one) => one.endsWith(`/network-ports/${port}`));
    if (portUri !== undefined) return { 'network-adapter-port-uri': portUri };
    throw new ComputeError(
      'RESOURCE_NOT_FOUND',
      ports.length === 0
        ? `the adapter ${adapter.name} has no network ports, so no NIC can be connected to it`
        : `the adapter ${adapter.name} has no network port ${port}; it has ${ports.length}, numbered from 0`,
      { driver: DRIVER_NAME, details: { network: name } },
    );
  }
}

function isNetwork({ 'adapter-family': family }: { 'adapter-family'?: string | null | undefined }): boolean {
  return !['ficon', 'crypto', 'accelerator', 'nvme', 'coupling'].includes(family ?? '');
}

/** A name as an adapter and a port; a name that is an adapter's as a whole is port 0. */
function adapterPort<A extends { readonly name: string }>(
  there: readonly A[],
  name: string,
): { adapter: A; port: number } | undefined {
  const whole = there.find((one) => one.name === name);
  if (whole !== undefined) return { adapter: whole, port: 0 };
  const [, first, port] = /^(.+)\/(\d{1,2})$/.exec(name) ?? [];
  const adapter = there.find((one) => one.name === first);
  return adapter === undefined ? undefined : { adapter, port: Number(port) };
}

function notThere(name: string, names: readonly string[]): ComputeError {
  const list = names.length === 0 ? 'the HMC user sees none' : `there are ${[...new Set(names)].join(', ')}`;
  return new ComputeError(
    'RESOURCE_NOT_FOUND',
    `there is no virtual switch and no network adapter ${name} on the CPC; ${list}. An adapter's port is ADAPTER/PORT. What the HMC user has no object access to is hidden`,
    { driver: DRIVER_NAME, details: { network: name, networks: [...new Set(names)] } },
  );
}

/** A NIC that is to be there. */
export interface WantedNic {
  /** Of the NIC; unique within its partition. */
  readonly name: string;
  readonly network: Network;
  readonly backing: NicBacking;
  /** Of the partition, for people. */
  readonly partition: string;
}

/**
 * Makes a NIC, unless this operation has made it: then it has the name and the mark of the operation; or unless one has
 * the MAC address that is asked for.
 */
export function ensureNic(change: HmcChange, partitionUri: string, wanted: WantedNic): Promise<Settled<Nic>> {
  const { client, ctx } = change;
  const { name, network, backing, partition } = wanted;
  let madeUri: string | undefined;
  return settle<Nic>(change, {
    step: 'create-nic',
    noun: `creation of NIC ${name}`,
    doing: `creating NIC ${name} of partition ${partition} on network ${network.name}`,
    look: async () => {
      if (madeUri !== undefined) {
        const uri = madeUri;
        return await unlessGone(() => client.get(uri, NicSchema, ctx.signal));
      }
      const nics = await nicsOf(client, partitionUri, ctx.signal);
      const isMade = (nic: Nic): boolean => nic.name === name && isMarked(ctx.operationId, nic.description);
      return nics.find((nic) => hasMac(nic, network.mac)) ?? nics.find(isMade);
    },
    send: async (timeoutMs) => {
      const nic = {
        name,
        description: marked(ctx.operationId),
        ...backing,
        ...(network.vlan === undefined ? {} : { 'vlan-id': network.vlan }),
        ...(network.mac === undefined ? {} : { 'mac-address': network.mac.toLowerCase() }),
      };
      madeUri = await createNic(client, partitionUri, nic, timeoutMs);
      return undefined;
    },
  });
}

export function hasMac({ 'mac-address': address }: Nic, mac: string | undefined): boolean {
  return mac !== undefined && address?.toLowerCase() === mac.toLowerCase();
}

/** Deletes a NIC that is there. */
export function ensureNicGone(change: HmcChange, nic: Nic, partition: string): Promise<boolean> {
  const { client, ctx } = change;
  const uri = nic['element-uri'];
  return makeSo(change, {
    step: 'delete-nic',
    noun: `deletion of NIC ${nic.name}`,
    doing: `deleting NIC ${nic.name} of partition ${partition}`,
    isSo: async () => (await unlessGone(() => client.get(uri, NicSchema, ctx.signal))) === undefined,
    send: async (timeoutMs) => {
      await unlessGone(() => client.delete(uri, timeoutMs));
      return true;
    },
  });
}

/** The first of `nic0`, `nic1`, … that no NIC of the partition has. */
export function freeNicName(nics: readonly Pick<Nic, 'name'>[], taken: readonly string[] = []): string {
  const names = new Set([...nics.map(({ name }) => name), ...taken]);
  for (let number = 0; ; number += 1) if (!names.has(`nic${number}`)) return `nic${number}`;
}
