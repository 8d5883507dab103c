import type { Libvirtd } from '../../../scripts/libvirtd.mjs';
import { systemClock } from '../../../src/common/clock.js';
import { createLog } from '../../../src/common/log.js';
import type { DriverPorts } from '../../../src/compute/contract/index.js';
import { LibvirtPool, type Hold, type HoldOptions } from '../../../src/drivers/virsh/client/libvirt-pool.js';
import { accessOf, VirshSettingsSchema } from '../../../src/drivers/virsh/virsh.settings.js';
import { MemoryBreakers } from '../../support/memory-breakers.js';

/** What the links of a test have around them. */
export class LinkBench {
  readonly breakers = new MemoryBreakers();
  readonly ports: DriverPorts = { clock: systemClock, log: createLog('fatal'), breakers: this.breakers };
  readonly pool = new LibvirtPool();
  readonly #holds: Hold[] = [];

  hold(settings: object, options: HoldOptions = {}): Hold {
    const hold = this.pool.hold(accessOf(VirshSettingsSchema.parse(settings)), options, this.ports);
    this.#holds.push(hold);
    return hold;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#holds.map((hold) => hold.release()));
    await this.pool.closeBorrowed();
  }
}

export const testUri = ({ socketPath }: Libvirtd): string => `test+unix:///default?socket=${socketPath}`;
