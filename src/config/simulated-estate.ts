import { Secret } from '../common/secret.js';
import type { Config } from './config.js';
import { withHosts, type DriverSettings } from './load-config.js';

/** Inventory of the simulated HMC, relative to the installed package. */
export const SIMULATED_HMC_INVENTORY = 'simulators/hmc/two-cpcs.yaml';

/** A user of that inventory who may do everything; the password protects nothing. */
export const SIMULATED_HMC_USER = { name: 'zenova', password: 'zenova-simulator' } as const;

/** How a simulated HMC that runs already is reached. */
export interface SimulatedHmc {
  /** `https://127.0.0.1:41234`. */
  readonly url: string;
  /** SHA-256 of its certificate, `AB:CD:…`, to pin. */
  readonly fingerprint256: string;
  /** Where its notifications are. */
  readonly stompPort: number;
}

/** The hosts served when there is no configuration file, in the file's shape: two CPCs behind one HMC, and two fakes. */
export function simulatedEstate(hmc: SimulatedHmc): Record<string, unknown> {
  const cpc = (name: string) => ({
    driver: 'hmc-dpm',
    settings: {
      endpoint: hmc.url,
      userid: SIMULATED_HMC_USER.name,
      password: new Secret(SIMULATED_HMC_USER.password),
      cpc: name,
      tls: { fingerprint_sha256: hmc.fingerprint256 },
      notifications: { port: hmc.stompPort },
    },
    manage: ['*'],
  });
  return {
    cpc1: cpc('CPC1'),
    cpc2: cpc('CPC2'),
    fake1: { driver: 'fake', manage: ['*'] },
    // Empty, for instances to move to.
    fake2: { driver: 'fake', manage: ['*'], settings: { instances: 0 } },
  };
}

/** A configuration that found no file, completed with the simulated estate. */
export function withSimulatedEstate(config: Config, hmc: SimulatedHmc, driverSettings: DriverSettings): Config {
  return withHosts(config, simulatedEstate(hmc), driverSettings);
}
