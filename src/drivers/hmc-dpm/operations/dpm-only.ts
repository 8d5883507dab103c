import type { AnyOperations, CallContext, ChangeOperationName, Target } from '../../../compute/contract/index.js';
import { classicRefusal } from './cpc.js';
import { isLogicalPartition, type CpcPlace } from './hmc-place.js';

/** The changes that an LPAR in classic mode has too. */
const CLASSIC_CHANGES: ReadonlySet<string> = new Set(['powerOn', 'powerOff', 'reboot'] satisfies ChangeOperationName[]);

/** Refuses what LPARs in classic mode do not have. @throws ComputeError FEATURE_UNSUPPORTED */
export function refuseClassic(place: CpcPlace, operation: string, target: Target): void {
  if (isLogicalPartition(target) && !CLASSIC_CHANGES.has(operation)) throw classicRefusal(place, place.cpc);
}

/** The operations of a host, of which those that only DPM has are refused for LPARs in classic mode before anything is sent. */
export function refusingClassic<Operations extends Partial<AnyOperations>>(
  place: CpcPlace,
  operations: Operations,
): Operations {
  const guarded = Object.entries(operations).map(([name, operation]): [string, unknown] => {
    if (typeof operation !== 'function') return [name, operation];
    const call = operation as (ctx: CallContext, ...rest: unknown[]) => unknown;
    return [
      name,
      async (ctx: CallContext, ...rest: unknown[]) => {
        const [subject] = rest;
        if (isTarget(subject)) refuseClassic(place, name, subject);
        return await call(ctx, ...rest);
      },
    ];
  });
  return Object.fromEntries(guarded) as Operations;
}

function isTarget(subject: unknown): subject is Target {
  return typeof subject === 'object' && subject !== null && 'key' in subject && 'id' in subject;
}
