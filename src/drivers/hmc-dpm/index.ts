import type { AnyPowerType, AnyVirtDriver, BreakerStore } from '../../compute/contract/index.js';
import { HmcPool, type PoolOf } from './client/hmc-pool.js';
import { hmcDpmVirtDriver } from './hmc-dpm.driver.js';
import { hmczPowerType } from './hmcz.power.js';

/**
 * The virt driver and the power type, which come together since they share the sessions of the HMCs: those of one
 * service, which is who has the same memory of refused logons.
 *
 * @param options.idleLogoffMs when sessions that only requests used are logged off, milliseconds (default 5 min)
 */
export function createHmcDpm(options: { readonly idleLogoffMs?: number } = {}): {
  readonly virtDriver: AnyVirtDriver;
  readonly powerType: AnyPowerType;
} {
  const pools = new WeakMap<BreakerStore, HmcPool>();
  const poolOf: PoolOf = ({ breakers }) => {
    const pool = pools.get(breakers) ?? new HmcPool(options.idleLogoffMs);
    pools.set(breakers, pool);
    return pool;
  };
  return { virtDriver: hmcDpmVirtDriver(poolOf), powerType: hmczPowerType(poolOf) };
}

/** The driver `hmc-dpm` and the power type `hmcz`. */
export const { virtDriver: hmcDpmDriver, powerType: hmczPower } = createHmcDpm();
