import { lifecycleEvent } from 'node-libvirt';
import { defineVirtDriver, offerWorks, type AnyVirtDriver, type DriverPorts } from '../../compute/contract/index.js';
import { pacingOf } from '../kit/index.js';
import { hostWatch, type PoolOf } from './client/libvirt-pool.js';
import { DRIVER_NAME } from './mapping/refusal.js';
import { ownershipWorks } from './operations/adopt.js';
import { bootDeviceWork } from './operations/boot-device.js';
import { limitedByWay } from './operations/by-program.js';
import { consoleOperations } from './operations/console.operations.js';
import { diagnosticsOperation } from './operations/diagnostics.operation.js';
import { findDomain } from './operations/find-domain.js';
import { guestWorks } from './operations/guest.operations.js';
import { hostSwitches } from './operations/host-switch.operations.js';
import { interfaceWorks } from './operations/interfaces.js';
import { inventoryOperations } from './operations/inventory.operations.js';
import { launchWorks } from './operations/launch.js';
import { lifecycleWorks } from './operations/lifecycle.js';
import { evacuation } from './operations/move/evacuate.js';
import { placeAt } from './operations/open-place.js';
import { migrationOperations } from './operations/move/live-migrate.js';
import type { Neighbours } from './operations/neighbours.js';
import { powerWorks, queryPower } from './operations/power.operations.js';
import { preflightOperation } from './operations/preflight.operation.js';
import { quiesceWorks } from './operations/quiesce.js';
import { rebuildWorks } from './operations/rebuild.js';
import { rebootWork } from './operations/reboot.js';
import { rescueWorks } from './operations/rescue.js';
import { resetWork } from './operations/reset.js';
import { resizeWorks } from './operations/resize.js';
import { snapshotWorks } from './operations/snapshot.js';
import { softOffWork } from './operations/soft-off.js';
import { imageWorks, listImages } from './operations/storage/image.operations.js';
import { stateTeller } from './operations/state-teller.js';
import { swapVolumeWorks } from './operations/swap-volume.js';
import { terminateWorks } from './operations/terminate.js';
import { volumeWorks } from './operations/volumes.js';
import { explaining, provisionalTargetKey, targetOf, type HostPlace } from './operations/virsh-place.js';
import { virshFeatures } from './virsh.features.js';
import { accessOf, VirshSettingsSchema } from './virsh.settings.js';

/** The driver for guests of KVM and QEMU, through libvirt. */
export function virshVirtDriver(poolOf: PoolOf, neighboursOf: (ports: DriverPorts) => Neighbours): AnyVirtDriver {
  return defineVirtDriver({
    name: DRIVER_NAME,
    title: 'KVM and QEMU guests, through libvirt',
    features: virshFeatures,
    settings: VirshSettingsSchema,
    managesByDefault: 'everything',
    open(name, settings, ports) {
      const watches = [hostWatch(lifecycleEvent, { onEvent: stateTeller(ports) })];
      const access = accessOf(settings);
      const held = poolOf(ports).hold(access, { watches }, ports);
      const { link } = held;
      const place: HostPlace = { ...placeAt(access, () => link, pacingOf(settings)), settings };
      const neighbours = neighboursOf(ports);
      const leave = neighbours.add(name, place);
      const works = offerWorks({
        ...powerWorks(place),
        reboot: rebootWork(place),
        softOff: softOffWork(place),
        reset: resetWork(place),
        ...lifecycleWorks(place),
        ...ownershipWorks(place),
        ...guestWorks(place),
        setBootDevice: bootDeviceWork(place),
        ...launchWorks(place, ports.images),
        ...terminateWorks(place),
        ...rebuildWorks(place, ports.images),
        ...rescueWorks(place, ports.images),
        ...resizeWorks(place),
        ...volumeWorks(place),
        ...swapVolumeWorks(place),
        ...quiesceWorks(place),
        ...snapshotWorks(place, ports.images),
        ...imageWorks(place, ports.images),
        ...interfaceWorks(place),
      });
      return limitedByWay(access, {
        operations: {
          ...works.operations,
          queryPower: queryPower(place),
          ...inventoryOperations(place),
          listImages: listImages(place),
          ...hostSwitches(place),
          ...migrationOperations(place, neighbours),
          evacuate: evacuation(place, neighbours),
          ...preflightOperation(place),
          ...consoleOperations(place, ports.consoles ?? null),
          ...diagnosticsOperation(place),
        },
        resolve: (ctx, reference) =>
          explaining(place, `finding domain ${reference}`, async () =>
            targetOf(ctx, place, await findDomain(ctx, place, reference)),
          ),
        provisionalKey: (reference) => provisionalTargetKey(place, reference),
        plan: works.plan,
        reconcile: works.reconcile,
        rearm: () => link.rearm(),
        close: () => {
          leave();
          return held.release();
        },
      });
    },
  });
}
