import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import {
  CONFIG_EXAMPLE,
  RULES_EXAMPLE,
  configReference,
  findConfig,
  loadConfig,
  parseSource,
  withSimulatedEstate,
} from '../../src/config/index.js';
import { METHOD_NAMES } from '../../src/compute/contract/index.js';
import { CallerRules } from '../../src/compute/dispatch/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';

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

  it('the example of caller rules is one', () => {
    const hosts = 'hosts: {web1: {driver: fake}, prod-web: {driver: fake}}';
    const ruleWords = { methods: METHOD_NAMES, powerTypes: POWER_TYPES.map(({ name }) => name) };
    const source = parseSource(`${RULES_EXAMPLE}${hosts}`, '/etc/zenova/zenova.yaml');
    const { rules } = loadConfig(source, { driverSettings, environment: {}, ruleWords });
    const may = new CallerRules(rules ?? undefined);
    const refusalOf = (caller: string, method: string, host: string) =>
      may.refusal(caller, method, { host, powerType: null })?.message;
    expect(refusalOf('admin', 'compute.power_off', 'prod-web')).toBeUndefined();
    expect(refusalOf('web-team', 'compute.power_on', 'prod-web')).toBeUndefined();
    expect(refusalOf('web-team', 'compute.power_off', 'prod-web')).toContain('rules[1] of the configuration denies it');
    expect(refusalOf('monitoring', 'compute.power_on', 'web1')).toContain('no rule of the configuration allows it');
  });

  it('the simulated estate passes their checks', () => {
    const source = findConfig({ environment: {}, systemFile: '/nowhere/zenova.yaml' });
    const config = loadConfig(source, { driverSettings, environment: {} });
    expect(config).toMatchObject({ isSimulatedEstate: true, hosts: new Map() });
    const hmc = { url: 'https://127.0.0.1:4711', fingerprint256: Array(32).fill('AB').join(':'), stompPort: 4712 };
    const estate = withSimulatedEstate(config, hmc, driverSettings);
    expect([...estate.hosts.values()].map(({ name, driver }) => [name, driver])).toEqual([
      ['cpc1', 'hmc-dpm'],
      ['cpc2', 'hmc-dpm'],
      ['fake1', 'fake'],
      ['fake2', 'fake'],
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
