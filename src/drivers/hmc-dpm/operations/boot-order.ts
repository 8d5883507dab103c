import { ComputeError } from '../../../common/errors/index.js';
import type {
  BootDeviceParams,
  CallContext,
  ChangeResult,
  OperationWork,
  PlannedStep,
  Target,
} from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { nicsOf } from '../client/hmc-network.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { DPM_RULES } from '../mapping/mode-rules.js';
import { plannedSteps } from '../mapping/planned-steps.js';
import { isRunning } from '../mapping/partition-status.js';
import { readsBoot, setBootDevice, type BootDevice } from './boot-device.js';
import { bringTo } from './bring-to.js';
import { STEP_NOUNS } from './checkpoints.js';
import { partitionUri, type HmcPlace } from './hmc-place.js';
import { hasMac } from './nic.js';
import { PartitionChange } from './partition-change.js';
import { refuseLocked } from './partition-facts.js';
import { planning } from './plan.js';
import { reconcileSequence } from './reconcile.js';
import { attachedStorage, isFulfilled } from './storage.js';

type Device = BootDeviceParams['boot_device'];

/**
 * What a partition boots from next: off, set, confirm, on, where a restart is asked for. A partition that goes on running boots from
 * it at its next start; there is one device and no other after it (hmc-dpm.md section 10).
 */
export function bootDeviceWork(place: HmcPlace): OperationWork<BootDeviceParams, ChangeResult> {
  return {
    async run(ctx, target, { boot_device: device, restart = false }) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('setting the boot device of partition', async () => {
        const before = await change.steady();
        const wanted = await bootDeviceOf(ctx, change.client, change.uri, target, device);
        const isSo = await readsBoot(change.client, change.uri, wanted, ctx.signal);
        const hasBegun = change.carriedOut.size > 0;
        if (isSo && !hasBegun) return change.ended(false, before);
        refuseLocked(change, before);
        const wasRunning = isRunning(before);
        const stopped = restart && wasRunning && !isSo ? await bringTo(change, 'stopped', before) : undefined;
        await setBootDevice(change, change.uri, wanted, target.name);
        // An attempt that was cut off after its stop finds the partition stopped.
        const mustStart = stopped !== undefined || (restart && hasStopped(change));
        const after = mustStart ? (await bringTo(change, 'running')).partition : await change.look();
        return change.ended(true, after);
      });
    },
    plan: (ctx, target, { boot_device: device, restart = false }) =>
      planning(place, target, async () => {
        const client = place.client(ctx);
        const uri = partitionUri(target.id);
        const wanted = await bootDeviceOf(ctx, client, uri, target, device);
        if (await readsBoot(client, uri, wanted, ctx.signal)) return [];
        const set: PlannedStep = {
          action: 'set-boot-device',
          description: `set the boot device of partition ${target.name} to ${wanted['boot-device']}`,
        };
        const partition = await client.partition(uri, ctx.signal);
        if (!restart || !isRunning(partition)) return [set];
        const [stop, ...start] = plannedSteps(DPM_RULES, 'reboot', {
          ...partition,
          'boot-device': wanted['boot-device'],
        });
        return stop === undefined ? [set] : [stop, set, ...start];
      }),
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

function hasStopped({ carriedOut }: PartitionChange): boolean {
  return carriedOut.has(STEP_NOUNS.stop);
}

/**
 * The device in the HMC's words: a NIC by its MAC address, a volume by its UUID, of an attached and fulfilled group.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND naming what there is; AMBIGUOUS; STATE_CONFLICT when its fulfilment is not complete
 */
async function bootDeviceOf(
  ctx: CallContext,
  client: HmcClient,
  uri: string,
  { name }: Target,
  device: Device,
): Promise<BootDevice> {
  if (device.type === 'network') {
    const nics = await nicsOf(client, uri, ctx.signal);
    const meant = nics.filter((nic) => device.mac === undefined || hasMac(nic, device.mac));
    const there = nics.map((nic) => `${nic.name} (${nic['mac-address'] ?? 'no address'})`);
    const nic = one(
      meant,
      there,
      `partition ${name}`,
      device.mac === undefined ? 'NIC' : `NIC with the MAC address ${device.mac}`,
    );
    return { 'boot-device': 'network-adapter', 'boot-network-device': nic['element-uri'] };
  }
  const volumes = (await attachedStorage(ctx, client, uri)).flatMap(({ group, volumes }) =>
    volumes.map((volume) => ({ group, volume, id: `${group.name}/${volume.name}` })),
  );
  const { disk } = device;
  const meant = volumes.filter(({ volume, id }) =>
    disk === undefined ? volume.usage === 'boot' : volume.uuid?.toLowerCase() === disk.toLowerCase() || id === disk,
  );
  const there = volumes.map(({ id, volume }) => `${id} (${volume.uuid ?? 'no UUID yet'})`);
  const found = one(meant, there, `partition ${name}`, disk === undefined ? 'boot volume' : `volume ${disk}`);
  const state = found.volume['fulfillment-state'];
  if (!isFulfilled(state)) {
    throw new ComputeError(
      'STATE_CONFLICT',
      `volume ${found.id} of partition ${name} cannot be booted from: its fulfilment is ${state ?? 'unknown'}, not complete. Have the storage administrator fulfil the request of group ${found.group.name}`,
      { driver: DRIVER_NAME, details: { volume: found.id, fulfilment: state ?? null } },
    );
  }
  return { 'boot-device': 'storage-volume', 'boot-storage-volume': found.volume['element-uri'] };
}

function one<T>(meant: readonly T[], there: readonly string[], where: string, what: string): T {
  const [first, ...others] = meant;
  const list = there.length === 0 ? 'it has none at all' : `it has ${there.join(', ')}`;
  if (first === undefined) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `${where} has no ${what}; ${list}`, { driver: DRIVER_NAME });
  }
  if (others.length === 0) return first;
  throw new ComputeError('AMBIGUOUS', `${where} has ${meant.length} of "${what}", name one; ${list}`, {
    driver: DRIVER_NAME,
  });
}
