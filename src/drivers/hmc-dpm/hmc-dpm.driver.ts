import { ComputeError } from '../../common/errors/index.js';
import { defineVirtDriver, type AnyVirtDriver, type ChangeOperationName } from '../../compute/contract/index.js';
import type { PoolOf } from './client/hmc-pool.js';
import { DRIVER_NAME } from './hmc-dpm.errors.js';
import { hmcDpmFeatures } from './hmc-dpm.features.js';
import { accessOf, classicOf, HmcDpmSettingsSchema, pacingOf } from './hmc-dpm.settings.js';
import { GOALS, type PowerChange } from './mapping/next-action.js';
import { refuseClassic, refusingClassic } from './operations/dpm-only.js';
import { findInstance } from './operations/find-instance.js';
import { explaining, provisionalTargetKey, targetOf, type CpcPlace } from './operations/hmc-place.js';
import { hostSwitches } from './operations/host-switch.operations.js';
import { inventoryOperations } from './operations/inventory.operations.js';
import { planChange } from './operations/plan.js';
import { powerOperations } from './operations/power.operations.js';
import { rebootOperation } from './operations/reboot.operations.js';
import { reconcileChange } from './operations/reconcile.js';

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
        classic: classicOf(settings),
      };
      return {
        operations: refusingClassic(place, {
          ...powerOperations(place),
          ...rebootOperation(place),
          ...inventoryOperations(place),
          ...hostSwitches(place),
        }),
        resolve: (ctx, reference) =>
          explaining(place, { what: `finding partition ${reference}`, subject: 'cpc' }, async () =>
            targetOf(await findInstance(ctx, place, reference)),
          ),
        provisionalKey: (reference) => provisionalTargetKey(place, reference),
        plan: async (ctx, { operation }, target) => {
          refuseClassic(place, operation, target);
          return await planChange(ctx, place, powerChange(operation), target);
        },
        reconcile: async (ctx, { operation }, target) => reconcileChange(ctx, place, powerChange(operation), target),
        rearm: () => held.client.session.rearm(),
        close: () => held.release(),
      };
    },
  });
}

function powerChange(operation: ChangeOperationName): PowerChange {
  if (Object.hasOwn(GOALS, operation)) return operation as PowerChange;
  throw new ComputeError('FEATURE_UNSUPPORTED', `${DRIVER_NAME} does not offer ${operation}`, { driver: DRIVER_NAME });
}
