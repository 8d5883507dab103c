import type {
  Answering,
  ChangeParams,
  ChangeResult,
  Network,
  OperationWork,
  OperationWorks,
  Target,
} from '../../../compute/contract/index.js';
import { nicsOf, type Nic } from '../client/hmc-network.js';
import { isMarked } from '../mapping/marks.js';
import type { Partition } from '../client/hmc-schemas.js';
import { partitionUri, type HmcPlace } from './hmc-place.js';
import { CpcNetworks, ensureNic, ensureNicGone, freeNicName, hasMac } from './nic.js';
import { PartitionChange } from './partition-change.js';
import { cpcUriOf, refuseLocked } from './partition-facts.js';
import { planning } from './plan.js';
import { reconcileSequence } from './reconcile.js';
import { limited } from './refusal.js';

type Attached = Answering<ChangeResult, { interface: { name: string; mac: string | null } }>;

/** NICs of partitions, running or stopped. DPM plugs and unplugs them while the partition runs. */
export function interfaceWorks(place: HmcPlace): OperationWorks<'attachInterface' | 'detachInterface'> {
  return { attachInterface: attachInterface(place), detachInterface: detachInterface(place) };
}

function attachInterface(place: HmcPlace): OperationWork<ChangeParams<'attachInterface'>, Attached> {
  const attached = (change: PartitionChange, partition: Partition, nic: Nic, hasActed: boolean): Attached => ({
    ...change.ended(hasActed, partition),
    answer: { interface: { name: nic.name, mac: nic['mac-address'] ?? null } },
  });
  return {
    async run(ctx, target, { network }) {
      refuseAddresses(network);
      const change = new PartitionChange(ctx, place, target);
      return await change.run('attaching a NIC to partition', async () => {
        const partition = await change.steady();
        const nics = await nicsOf(change.client, change.uri, ctx.signal);
        const there = nics.find((nic) => hasMac(nic, network.mac));
        if (there !== undefined) {
          return attached(change, partition, there, isMarked(ctx.operationId, there.description));
        }
        refuseLocked(change, partition);
        const backing = await new CpcNetworks(change.client, cpcUriOf(partition), ctx.signal).backing(network.name);
        // What an earlier attempt has made keeps the name that it has.
        const made = nics.find((nic) => isMarked(ctx.operationId, nic.description));
        const name = made?.name ?? freeNicName(nics);
        const { found } = await ensureNic(change, change.uri, { name, network, backing, partition: target.name });
        return attached(change, partition, found, true);
      });
    },
    plan: (ctx, target, { network }) =>
      planning(place, target, async () => {
        refuseAddresses(network);
        const client = place.client(ctx);
        const uri = partitionUri(target.id);
        const [partition, nics] = [await client.partition(uri, ctx.signal), await nicsOf(client, uri, ctx.signal)];
        if (nics.some((nic) => hasMac(nic, network.mac))) return [];
        await new CpcNetworks(client, cpcUriOf(partition), ctx.signal).backing(network.name);
        return [{ action: 'create-nic', description: createdText(freeNicName(nics), target, network) }];
      }),
    reconcile: async (ctx, target) => {
      const change = new PartitionChange(ctx, place, target);
      return await reconcileSequence(change, async () => {
        const nics = await nicsOf(change.client, change.uri, ctx.signal);
        const made = nics.find((nic) => isMarked(ctx.operationId, nic.description));
        if (made === undefined) return undefined;
        return attached(change, await change.look(), made, true);
      });
    },
  };
}

/** @throws ComputeError FEATURE_LIMITED */
function refuseAddresses({ addresses = [] }: Network): void {
  if (addresses.length === 0) return;
  const text = 'a guest is told its addresses at its first start only; leave them out, and set them in the guest';
  throw limited('network.addresses', text);
}

function createdText(name: string, target: Target, network: Network): string {
  const vlan = network.vlan === undefined ? '' : ` in VLAN ${network.vlan}`;
  return `create NIC ${name} of partition ${target.name} on network ${network.name}${vlan}`;
}

function detachInterface(place: HmcPlace): OperationWork<ChangeParams<'detachInterface'>, ChangeResult> {
  const find = (nics: readonly Nic[], wanted: string): Nic | undefined =>
    nics.find((nic) => hasMac(nic, wanted)) ?? nics.find(({ name }) => name === wanted);
  return {
    async run(ctx, target, params) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('detaching a NIC from partition', async () => {
        const partition = await change.steady();
        const detached = change.ended(true, partition);
        const nic = find(await nicsOf(change.client, change.uri, ctx.signal), params.interface);
        if (nic === undefined) return change.ended(change.carriedOut.size > 0, partition);
        refuseLocked(change, partition);
        await ensureNicGone(change, nic, target.name);
        return detached;
      });
    },
    plan: (ctx, target, params) =>
      planning(place, target, async () => {
        const nic = find(await nicsOf(place.client(ctx), partitionUri(target.id), ctx.signal), params.interface);
        if (nic === undefined) return [];
        return [{ action: 'delete-nic', description: `delete NIC ${nic.name} of partition ${target.name}` }];
      }),
    reconcile: async (ctx, target, params) => {
      const change = new PartitionChange(ctx, place, target);
      return await reconcileSequence(change, async () => {
        const nics = await nicsOf(change.client, change.uri, ctx.signal);
        if (find(nics, params.interface) !== undefined) return undefined;
        return change.ended(true, await change.look());
      });
    },
  };
}
