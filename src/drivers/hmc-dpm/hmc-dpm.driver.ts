import { defineVirtDriver, offerWorks, type AnyVirtDriver } from '../../compute/contract/index.js';
import type { PoolOf } from './client/hmc-pool.js';
import { DRIVER_NAME } from './hmc-dpm.errors.js';
import { hmcDpmFeatures } from './hmc-dpm.features.js';
import { accessOf, HmcDpmSettingsSchema, pacingOf } from './hmc-dpm.settings.js';
import { consoleCommandWork, consoleOperations } from './operations/console.operations.js';
import { crashDumpWork } from './operations/crash-dump.operations.js';
import { diagnosticsOperation } from './operations/diagnostics.operations.js';
import { findPartition } from './operations/find-partition.js';
import { explaining, provisionalTargetKey, targetOf } from './operations/hmc-place.js';
import { interfaceWorks } from './operations/interfaces.js';
import { inventoryOperations, type CpcPlace } from './operations/inventory.operations.js';
import { powerWorks, queryPower } from './operations/power.operations.js';
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
      const held = poolOf(ports).hold(accessOf(settings), ports);
      const place: CpcPlace = {
        client: (ctx) => held.client.during(ctx),
        hmc: settings.endpoint.label,
        cpc: settings.cpc,
        pacing: pacingOf(settings),
      };
      const works = offerWorks({
        ...powerWorks(place),
        ...interfaceWorks(place),
        ...volumeWorks(place),
        triggerCrashDump: crashDumpWork(place),
        sendConsoleCommand: consoleCommandWork(place),
      });
      return {
        operations: {
          ...works.operations,
          queryPower: queryPower(place),
          ...inventoryOperations(place),
          ...consoleOperations(place),
          ...diagnosticsOperation(place),
        },
        resolve: (ctx, reference) =>
          explaining(place, { what: `finding partition ${reference}`, subject: 'cpc' }, async () =>
            targetOf(await findPartition(ctx, place, reference)),
          ),
        provisionalKey: (reference) => provisionalTargetKey(place, reference),
        plan: works.plan,
        reconcile: works.reconcile,
        rearm: () => held.client.session.rearm(),
        close: () => held.release(),
      };
    },
  });
}
