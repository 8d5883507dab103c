import type { DriverPorts } from '../../../compute/contract/index.js';
import { stateAfter } from '../mapping/domain-state.js';

/** A lifecycle event, as libvirt tells it. */
interface LifecycleEvent {
  readonly domain: { readonly name: string };
  readonly event: number;
  readonly detail: number;
}

/** Hands what libvirt tells of the life of domains on. What it tells nothing of the state with is no news. */
export function stateTeller({
  clock,
  onState,
}: Pick<DriverPorts, 'clock' | 'onState'>): (event: LifecycleEvent) => void {
  return ({ domain, event, detail }) => {
    const state = stateAfter(event, detail, clock.now());
    if (state !== undefined) onState?.({ name: domain.name, state });
  };
}
