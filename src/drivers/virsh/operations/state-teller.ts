import type { DriverPorts } from '../../../compute/contract/index.js';
import { stateAfter } from '../mapping/domain-state.js';
import { isInstance } from '../mapping/names.js';

/** A lifecycle event, as libvirt tells it. */
interface LifecycleEvent {
  readonly domain: { readonly name: string; readonly uuid: string };
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
    if (state !== undefined && isInstance(domain)) onState?.({ name: domain.name, state });
  };
}
