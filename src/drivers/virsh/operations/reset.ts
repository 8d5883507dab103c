import type { ChangeResult, OperationWork } from '../../../compute/contract/index.js';
import { blindWork } from './blind-work.js';
import { stateOf } from './domain-change.js';
import type { VirshPlace } from './virsh-place.js';

/** The reset button: nothing at libvirt shows whether it was pressed, so that it is pressed once. */
export function resetWork(place: VirshPlace): OperationWork<object, ChangeResult> {
  return blindWork(place, {
    step: 'reset',
    noun: 'reset',
    doing: 'resetting domain',
    planned: (name) => `reset domain ${name}, whose guest begins anew`,
    obstacle: (status) => {
      const { powerState, nativeState } = stateOf(status, 0);
      return powerState === 'running' ? undefined : `it does not run (${nativeState})`;
    },
    ready: (change) => Promise.resolve({ send: (timeoutMs) => change.domains.reset(change.uuid, timeoutMs) }),
  });
}
