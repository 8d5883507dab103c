import type { Clock } from '../../common/clock.js';
import type { EventPublisher, SeenInstance } from '../contract/index.js';
import { machineState } from './answers.js';

/** Tells the world of states that instances come to without an operation of ours, as far as their backends tell. */
export function stateNews(host: string, events: EventPublisher, clock: Clock): (seen: SeenInstance) => void {
  const place = { host, powerType: null, machine: null };
  return ({ name, state: observed }) => {
    const { state, ...data } = machineState(observed);
    events.publish({ kind: 'power', host, name, state, data, at: clock.now(), place });
  };
}
