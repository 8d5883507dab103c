import type { HmcSimulator } from '../../src/simulators/hmc/index.js';

interface HmcHostOptions {
  readonly manage?: readonly string[];
  readonly protect?: readonly string[];
  /** More of the driver's settings. */
  readonly settings?: object;
}

/**
 * CPC1 of a simulated HMC as a host of a configuration: asked often, so that nothing is waited for longer than need be. The
 * password is in the service's variable HMC_PASSWORD.
 */
export function hmcHost(hmc: HmcSimulator, { manage = ['*'], protect, settings }: HmcHostOptions = {}) {
  return {
    driver: 'hmc-dpm',
    manage,
    ...(protect === undefined ? {} : { protect }),
    settings: {
      endpoint: hmc.url,
      userid: 'zenova',
      password: { env: 'HMC_PASSWORD' },
      cpc: 'CPC1',
      tls: { fingerprint_sha256: hmc.fingerprint256 },
      poll: { initial_ms: 50, max_ms: 200 },
      ...settings,
    },
  };
}
