import { ComputeError } from '../../../common/errors/index.js';
import type {
  Answering,
  CallContext,
  ChangeParams,
  ChangeResult,
  Network,
  OperationWork,
  OperationWorks,
} from '../../../compute/contract/index.js';
import { reconcileSequence } from '../../kit/index.js';
import type { NicFacts } from '../mapping/device-facts.js';
import { macAddress } from '../mapping/names.js';
import { admitNetwork, vlanWay, type NetworkSource } from '../mapping/network-source.js';
import { nicXml } from '../mapping/nic.js';
import { DRIVER_NAME, limited } from '../mapping/refusal.js';
import { formsOf, lookWhenPluggable, seeDevices, seeDevicesForPlan, type DeviceSight } from './device-sight.js';
import { DomainChange } from './domain-change.js';
import { findFilter } from './instance-filter.js';
import { networkSourceOf } from './network-lookup.js';
import { plugIn, plugOut, type Plugged } from './plug.js';
import { planning } from './power.operations.js';
import type { HostPlace } from './virsh-place.js';
import { otherDomains } from './volume-lookup.js';

type Attached = Answering<ChangeResult, { interface: { name: string; mac: string | null } }>;

/** Interfaces of domains that run or do not; they are called by their MAC addresses. Semantics are the contract's. */
export function interfaceWorks(place: HostPlace): OperationWorks<'attachInterface' | 'detachInterface'> {
  return { attachInterface: attachInterface(place), detachInterface: detachInterface(place) };
}

function attachInterface(place: HostPlace): OperationWork<ChangeParams<'attachInterface'>, Attached> {
  return {
    async run(ctx, target, { network }) {
      refuseAddresses(network);
      const change = new DomainChange(ctx, place, target);
      return await change.run('attaching an interface to domain', async () => {
        const status = await lookWhenPluggable(change);
        const sight = await seeDevices(change);
        // The same whenever this operation is tried again, so that it is found.
        const mac = (network.mac ?? macAddress(ctx.operationId, 0)).toLowerCase();
        if (!formsOf(sight).every(({ nics }) => hasMac(nics, mac))) {
          const way = await change.ask(() => admitHere(ctx, place, target.id, network, sight, mac));
          const model = sight.next.nics[0]?.model ?? 'virtio';
          await plugIn(change, pluggedNic(mac), nicXml({ ...way, mac, model, tag: network.tag }));
        }
        return { ...change.ended(change.hasBegun, status), answer: { interface: { name: mac, mac } } };
      });
    },
    plan: (ctx, target, { network }) =>
      planning(place, target, async () => {
        refuseAddresses(network);
        const sight = await seeDevicesForPlan(ctx, place, target);
        const mac = network.mac?.toLowerCase();
        if (mac !== undefined && formsOf(sight).every(({ nics }) => hasMac(nics, mac))) return [];
        await admitHere(ctx, place, target.id, network, sight, mac);
        const vlan = network.vlan === undefined ? '' : ` in VLAN ${network.vlan}`;
        const description = `attach an interface on network ${network.name}${vlan} to domain ${target.name}`;
        return [{ action: 'attach-interface', description }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** @throws ComputeError FEATURE_LIMITED */
function refuseAddresses({ addresses = [] }: Network): void {
  if (addresses.length === 0) return;
  throw limited(
    'network.addresses',
    'a guest is told its addresses at its first start only; leave them out, and set them in the guest',
  );
}

/** What the interface is connected to, and how. @throws ComputeError */
async function admitHere(
  ctx: CallContext,
  place: HostPlace,
  instance: string,
  network: Network,
  sight: DeviceSight,
  mac: string | undefined,
): Promise<{ source: NetworkSource; vlan: ReturnType<typeof vlanWay>; filter: string | undefined }> {
  const source = await networkSourceOf(ctx, place, network.name);
  const filter = await findFilter(place.caller(ctx), instance, { signal: ctx.signal });
  admitNetwork('network', network, source, filter !== undefined);
  refuseTwinTag(network, sight, mac);
  if (mac !== undefined) await refuseTakenMac(ctx, place, instance, mac);
  return { source, vlan: vlanWay('network', network, source), filter: filter?.name };
}

function refuseTwinTag({ tag }: Network, sight: DeviceSight, mac: string | undefined): void {
  const twin = formsOf(sight).some(({ nics }) => nics.some((nic) => nic.tag === tag && nic.mac !== mac));
  if (tag === undefined || !twin) return;
  throw taken('network.tag', `another interface of the domain has the tag ${tag}`);
}

async function refuseTakenMac(ctx: CallContext, place: HostPlace, instance: string, mac: string): Promise<void> {
  const owner = (await otherDomains(ctx, place, instance)).find(({ nics }) => hasMac(nics, mac));
  if (owner === undefined) return;
  throw taken('network.mac', `an interface of domain ${owner.name} of ${place.label} has the MAC address ${mac}`);
}

function taken(path: string, text: string): ComputeError {
  return new ComputeError('ALREADY_EXISTS', `${path}: ${text}`, { driver: DRIVER_NAME, details: { path } });
}

function detachInterface(place: HostPlace): OperationWork<ChangeParams<'detachInterface'>, ChangeResult> {
  const find = (sight: DeviceSight, wanted: string): string | undefined =>
    formsOf(sight).flatMap(({ nics }) => nics.find((nic) => isCalled(nic, wanted))?.mac ?? [])[0];
  return {
    async run(ctx, target, params) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('detaching an interface from domain', async () => {
        const status = await lookWhenPluggable(change);
        const mac = find(await seeDevices(change), params.interface);
        if (mac !== undefined) await plugOut(change, pluggedNic(mac));
        return change.ended(change.hasBegun, status);
      });
    },
    plan: (ctx, target, params) =>
      planning(place, target, async () => {
        const mac = find(await seeDevicesForPlan(ctx, place, target), params.interface);
        if (mac === undefined) return [];
        return [{ action: 'detach-interface', description: `detach interface ${mac} from domain ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** By its MAC address, or, while it runs, by the host's end. */
function isCalled({ mac, hostDevice }: NicFacts, wanted: string): boolean {
  return mac === wanted.toLowerCase() || hostDevice === wanted;
}

function hasMac(nics: readonly NicFacts[], wanted: string): boolean {
  return nics.some(({ mac }) => mac === wanted);
}

function pluggedNic(mac: string): Plugged {
  return {
    what: `interface ${mac}`,
    kind: 'interface',
    find: ({ nics }) => nics.find((nic) => nic.mac === mac),
  };
}
