import { z } from 'zod';
import { ComputeError } from '../../common/errors/index.js';
import { targetKey } from '../../common/ids.js';
import { definePowerType, type CallContext, type PowerDeclaration } from '../../compute/contract/index.js';
import type { ObservedState } from '../../compute/state/power-state.js';
import { missing, partial } from '../../features/index.js';

const byHand = missing('a person switches this machine; nothing can be sent to it');

const manualFeatures = {
  'power.on': byHand,
  'power.off': byHand,
  'power.soft-off': byHand,
  'power.cycle': byHand,
  'power.reset': byHand,
  'power.query': partial('always answers unknown'),
  'power.pxe-next-boot': byHand,
  'power.chassis': missing('there is no controller'),
  'power.error-reporting': missing('there is no controller'),
  'power.enlistment': missing('there is no controller'),
} as const satisfies PowerDeclaration;

const KEY = targetKey('manual', 'by-hand', 'any');

/**
 * A machine that a person switches (power-drivers.md section 10). Its state is always unknown. Where MAAS logs a line and
 * reports success, changes are refused here: nothing happened, and callers must not believe that it did.
 */
export const manualPower = definePowerType({
  name: 'manual',
  title: 'Manual',
  description: 'A machine without a power controller, switched by a person.',
  queryable: false,
  parameters: [],
  features: manualFeatures,
  schema: z.strictObject({}),
  open: () => ({
    machine: () => ({
      label: 'manual',
      controller: 'by-hand',
      verbs: {
        queryPower: (ctx: CallContext): Promise<ObservedState> =>
          Promise.resolve({
            powerState: 'nostate',
            transition: null,
            nativeState: 'unknown',
            observedAt: ctx.clock.now(),
          }),
      },
      resolve: () => Promise.resolve({ key: KEY, id: 'any', name: 'manual' }),
      provisionalKey: () => KEY,
      plan: () => Promise.resolve([]),
      reconcile: () => Promise.reject(new ComputeError('FEATURE_UNSUPPORTED', 'nothing was ever sent')),
    }),
    close: () => Promise.resolve(),
  }),
});
