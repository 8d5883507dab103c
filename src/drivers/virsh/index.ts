import type { AnyVirtDriver, BreakerStore, DriverPorts } from '../../compute/contract/index.js';
import { LibvirtPool } from './client/libvirt-pool.js';
import { Neighbours } from './operations/neighbours.js';
import { virshVirtDriver } from './virsh.driver.js';

/**
 * The virt driver and the power type, which come together since they share the connections to the daemons of one service.
 *
 * @param options.idleCloseMs when connections that only requests used are closed, milliseconds (default 5 min)
 */
export function createVirsh(options: { readonly idleCloseMs?: number } = {}): { readonly virtDriver: AnyVirtDriver } {
  const poolOf = oneEach(() => new LibvirtPool(options.idleCloseMs));
  return {
    virtDriver: virshVirtDriver(
      poolOf,
      oneEach(() => new Neighbours()),
    ),
  };
}

/** The driver `virsh`. */
export const { virtDriver: virshDriver } = createVirsh();

/** What each service has one of. A service is who has the same memory of refused logons. */
function oneEach<T>(make: () => T): (ports: DriverPorts) => T {
  const all = new WeakMap<BreakerStore, { readonly one: T }>();
  return ({ breakers }) => {
    const found = all.get(breakers) ?? { one: make() };
    all.set(breakers, found);
    return found.one;
  };
}
