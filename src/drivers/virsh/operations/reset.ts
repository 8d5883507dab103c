import type { ChangeResult, OperationWork } from '../../../compute/contract/index.js';
import { lookAfter, noteAnswered, sendOnce, untold } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { DomainChange, stateOf } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { VirshPlace } from './virsh-place.js';

const STEP = 'reset';
const NOUN = 'reset';

/** The reset button: nothing at libvirt shows whether it was pressed, so that it is pressed once. */
export function resetWork(place: VirshPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('resetting domain', async () => {
        const before = await change.look();
        const why = obstacle(before);
        if (why !== undefined) throw cannotBeDone(target, before, why);
        await sendOnce(change, {
          step: STEP,
          noun: NOUN,
          doing: `resetting ${change.label}`,
          send: (timeoutMs) => change.domains.reset(change.uuid, timeoutMs),
        });
        await noteAnswered(ctx, STEP, NOUN);
        change.underWay = undefined;
        return change.ended(true, await change.look());
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const status = await place.domains(ctx).status(target.id);
        const why = obstacle(status);
        if (why !== undefined) throw cannotBeDone(target, status, why);
        return [{ action: STEP, description: `reset domain ${target.name}, whose guest begins anew` }];
      }),
    reconcile: (ctx, target) => {
      const change = new DomainChange(ctx, place, target);
      return lookAfter(change, async (last) => {
        if (!last.isAnswered) return { verdict: 'unknown', reason: untold(change, NOUN) };
        return { verdict: 'concluded', result: change.ended(true, await change.look()) };
      });
    },
  };
}

function obstacle(status: DomainStatus): string | undefined {
  const { powerState, nativeState } = stateOf(status, 0);
  return powerState === 'running' ? undefined : `it does not run (${nativeState})`;
}
