import type { DriverPorts } from '../../../compute/contract/index.js';
import { observe } from '../mapping/partition-status.js';
import type { Seen } from '../client/hmc-news.port.js';

/**
 * Tells of the partitions of one CPC that come to another status than they were last seen in, whichever HMC says so. What is seen
 * for the first time is no news.
 */
export class StateTeller {
  #statuses = new Map<string, string>();

  constructor(
    private readonly cpc: string,
    private readonly ports: Pick<DriverPorts, 'clock' | 'onState'>,
  ) {}

  see({ items, isAll }: Seen): void {
    const { clock, onState } = this.ports;
    const before = this.#statuses;
    if (isAll) this.#statuses = new Map();
    for (const { 'object-uri': uri, 'cpc-name': cpc, name, status } of items) {
      if (cpc !== this.cpc) continue;
      const last = before.get(uri);
      this.#statuses.set(uri, status);
      if (last !== undefined && last !== status) onState?.({ name, state: observe(status, clock.now()) });
    }
  }
}
