import type { AnyPowerType, AnyVirtDriver, BreakerStore } from '../../compute/contract/index.js';
import { LibvirtPool, type PoolOf } from './client/libvirt-pool.js';
import { virshVirtDriver } from './virsh.driver.js';
import { virshPowerType } from './virsh.power.js';

/**
 * The virt driver and the power type, which come together since they share the connections to the daemons: those of one
 * service, which is who has the same memory of refused logons.
 *
 * @param options.idleCloseMs when connections that only requests used are closed, milliseconds (default 5 min)
 */
export function createVirsh(options: { readonly idleCloseMs?: number } = {}): {
  readonly virtDriver: AnyVirtDriver;
  readonly powerType: AnyPowerType;
} {
  const pools = new WeakMap<BreakerStore, LibvirtPool>();
  const poolOf: PoolOf = ({ breakers }) => {
    const pool = pools.get(breakers) ?? new LibvirtPool(options.idleCloseMs);
    pools.set(breakers, pool);
    return pool;
  };
  return { virtDriver: virshVirtDriver(poolOf), powerType: virshPowerType(poolOf) };
}

/** The driver and the power type `virsh`. */
export const { virtDriver: virshDriver, powerType: virshPower } = createVirsh();
