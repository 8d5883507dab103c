import type { AnyPowerType, AnyVirtDriver, BreakerStore, DriverPorts } from '../../compute/contract/index.js';
import { LibvirtPool } from './client/libvirt-pool.js';
import { Neighbours } from './operations/neighbours.js';
import { virshVirtDriver } from './virsh.driver.js';
import { virshPowerType } from './virsh.power.js';

/**
 * The virt driver and the power type, which come together since they share the connections to the daemons of one service.
 *
 * @param options.idleCloseMs when connections that only requests used are closed, milliseconds (default 5 min)
 */
export function createVirsh(options: { readonly idleCloseMs?: number } = {}): {
  readonly virtDriver: AnyVirtDriver;
  readonly powerType: AnyPowerType;
} {
  const poolOf = oneEach(() => new LibvirtPool(options.idleCloseMs));
  const neighboursOf = oneEach(() => new Neighbours());
  return { virtDriver: virshVirtDriver(poolOf, neighboursOf), powerType: virshPowerType(poolOf) };
}

/** What each service has one of. A service is who has the same memory of refused logons. */
function oneEach<T extends object>(make: () => T): (ports: Pick<DriverPorts, 'breakers'>) => T {
  const all = new WeakMap<BreakerStore, T>();
  return ({ breakers }) => {
    const found = all.get(breakers) ?? make();
    all.set(breakers, found);
    return found;
  };
}

/** The driver and the power type `virsh`. */
export const { virtDriver: virshDriver, powerType: virshPower } = createVirsh();
