import { defineVirtDriver, offerWorks, type AnyVirtDriver } from '../../compute/contract/index.js';
import type { HoldOptions, PoolOf } from './client/hmc-pool.js';
import { DRIVER_NAME } from './hmc-dpm.errors.js';
import { hmcDpmFeatures } from './hmc-dpm.features.js';
import { ownershipWorks } from './operations/adopt.js';
import { pacingOf } from '../kit/index.js';
import { accessesOf, classicOf, HmcDpmSettingsSchema } from './hmc-dpm.settings.js';
import { consoleCommandWork, consoleOperations } from './operations/console.operations.js';
import { crashDumpWork } from './operations/crash-dump.operations.js';
import { diagnosticsOperation } from './operations/diagnostics.operations.js';
import { refuseClassic, refusingClassic } from './operations/dpm-only.js';
import { findInstance } from './operations/find-instance.js';
import { explaining, keyOf, provisionalTargetKey, targetOf, type CpcPlace } from './operations/hmc-place.js';
import { hostSwitches } from './operations/host-switch.operations.js';
import { bootDeviceWork } from './operations/boot-order.js';
import { interfaceWorks } from './operations/interfaces.js';
import { inventoryOperations } from './operations/inventory.operations.js';
import { lackingFeatures } from './operations/lacking.js';
import { launchWorks } from './operations/launch.js';
import { powerWorks, queryPower } from './operations/power.operations.js';
import { preflightOperation } from './operations/preflight.operation.js';
import { rebuildWorks } from './operations/rebuild.js';
import { rescueWorks } from './operations/rescue.js';
import { resizeWorks } from './operations/resize.js';
import { terminateWorks } from './operations/terminate.js';
import { StateTeller } from './operations/state-teller.js';
import { volumeWorks } from './operations/volumes.js';

/** The driver for partitions of IBM Z and LinuxONE machines in DPM mode, through their HMC. */
export function hmcDpmVirtDriver(poolOf: PoolOf): AnyVirtDriver {
  return defineVirtDriver({
    name: DRIVER_NAME,
    title: 'IBM Z and LinuxONE in DPM mode, through the HMC',
    features: hmcDpmFeatures,
    settings: HmcDpmSettingsSchema,
    managesByDefault: 'nothing',
    open(_name, settings, ports) {
      const { endpoint, cpc, notifications } = settings;
      const teller = new StateTeller(cpc, ports);
      const notificationPort = notifications.enabled ? notifications.port : undefined;
      const onSeen: HoldOptions['onSeen'] = (seen) => teller.see(seen);
      const held = poolOf(ports).hold(accessesOf(settings), { notificationPort, onSeen }, ports);
      const place: CpcPlace = {
        client: (ctx) => held.client.during(ctx),
        get hmc() {
          return held.client.session.label;
        },
        keyedBy: keyOf(endpoint),
        cpc,
        pacing: pacingOf(settings),
        classic: classicOf(settings),
      };
      const sources = { images: ports.images, seeds: ports.seeds ?? null };
      const works = offerWorks({
        ...powerWorks(place),
        ...interfaceWorks(place),
        ...volumeWorks(place),
        ...rescueWorks(place, { images: ports.images, image: settings.rescue_image }),
        ...rebuildWorks(place, sources),
        setBootDevice: bootDeviceWork(place),
        ...launchWorks(place, sources),
        ...terminateWorks(place),
        ...ownershipWorks(place),
        ...resizeWorks(place),
        triggerCrashDump: crashDumpWork(place),
        sendConsoleCommand: consoleCommandWork(place),
      });
      return {
        operations: refusingClassic(place, {
          ...works.operations,
          queryPower: queryPower(place),
          ...inventoryOperations(place),
          ...consoleOperations(place),
          ...diagnosticsOperation(place),
          ...hostSwitches(place),
          ...preflightOperation(place, settings.userid),
        }),
        lacking: (ctx) => lackingFeatures(ctx, place),
        resolve: (ctx, reference) =>
          explaining(place, { what: `finding partition ${reference}`, subject: 'cpc' }, async () =>
            targetOf(await findInstance(ctx, place, reference)),
          ),
        provisionalKey: (reference) => provisionalTargetKey(place, reference),
        plan: async (ctx, asked, target) => {
          refuseClassic(place, asked.operation, target);
          return await works.plan(ctx, asked, target);
        },
        reconcile: works.reconcile,
        rearm: () => held.client.session.rearm(),
        close: () => held.release(),
      };
    },
  });
}
