import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import {
  CONFIG_EXAMPLE,
  configReference,
  findConfig,
  loadConfig,
  parseSource,
  withSimulatedEstate,
} from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';

const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
const inCheckout = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

describe('with the drivers that there are', () => {
  it('the kept reference is what the schemas say (npm run docs:generate)', () => {
    expect(readFileSync(inCheckout('docs/config-reference.md'), 'utf8')).toBe(configReference(driverSettings));
  });

  it('the example of the reference is a configuration', () => {
    const environment = { BROKER_URL: 'amqps://broker.example', HMC_PASSWORD: 'x' };
    const config = loadConfig(parseSource(CONFIG_EXAMPLE, '/etc/zenova/zenova.yaml'), { driverSettings, environment });
    expect([...config.hosts.keys()]).toEqual(['cpc1']);
  });

  it('the simulated estate passes their checks', () => {
    const source = findConfig({ environment: {}, systemFile: '/nowhere/zenova.yaml' });
    const config = loadConfig(source, { driverSettings, environment: {} });
    expect(config).toMatchObject({ isSimulatedEstate: true, hosts: new Map() });
    const hmc = { url: 'https://127.0.0.1:4711', fingerprint256: Array(32).fill('AB').join(':') };
    const estate = withSimulatedEstate(config, hmc, driverSettings);
    expect([...estate.hosts.values()].map(({ name, driver }) => [name, driver])).toEqual([
      ['cpc1', 'hmc-dpm'],
      ['cpc2', 'hmc-dpm'],
      ['fake1', 'fake'],
    ]);
    expect(() => withSimulatedEstate(config, { ...hmc, fingerprint256: 'no' }, driverSettings)).toThrow(/hosts\.cpc1/);
  });

  it('nothing but the configuration reads the environment', () => {
    const readers = readdirSync(inCheckout('src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .filter((file) => /process\.env|from 'node:process'/.test(readFileSync(inCheckout(`src/${file}`), 'utf8')));
    expect(readers).toEqual(['config/environment.ts']);
  });
});
