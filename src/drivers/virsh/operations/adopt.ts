import type { ChangeResult, OperationWork, OperationWorks } from '../../../compute/contract/index.js';
import { DomainChange } from './domain-change.js';
import type { VirshPlace } from './virsh-place.js';

/**
 * Takes domains that others made into our hands, and gives domains out of them. Whose a domain is stands in our journal, so that
 * nothing is changed: the mark in its definition says only which operation made it.
 */
export function ownershipWorks(place: VirshPlace): OperationWorks<'adopt' | 'release'> {
  return { adopt: untouched(place, 'adopting domain'), release: untouched(place, 'releasing domain') };
}

function untouched(place: VirshPlace, doing: string): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run(doing, async () => change.ended(false, await change.look()));
    },
    plan: () => Promise.resolve([]),
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
  };
}
