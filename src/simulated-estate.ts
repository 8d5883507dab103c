import { fileURLToPath } from 'node:url';
import type { Log } from './common/log.js';
import { SIMULATED_HMC_INVENTORY, withSimulatedEstate, type Config } from './config/index.js';
import { VIRT_DRIVERS } from './drivers/driver-registry.js';

/** Starts the simulators that a configuration without a file is served with; one with a file passes as it is. */
export async function startEstate(config: Config, log: Log): Promise<{ config: Config; stop: () => Promise<void> }> {
  if (!config.isSimulatedEstate) return { config, stop: () => Promise.resolve() };
  const { HmcSimulator } = await import('./simulators/hmc/index.js');
  const inventoryFile = fileURLToPath(new URL(`../${SIMULATED_HMC_INVENTORY}`, import.meta.url));
  const simulator = await HmcSimulator.start({ inventoryFile, port: 0 });
  log.info('no configuration file: serving a simulated estate', { hmc: simulator.url });
  const settings = new Map(VIRT_DRIVERS.map(({ name, settings: schema }) => [name, schema]));
  return { config: withSimulatedEstate(config, simulator, settings), stop: () => simulator.stop() };
}
