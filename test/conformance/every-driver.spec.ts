import { expect, it } from '@jest/globals';
import { POWER_TYPES, VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { fakeFixture } from './fixtures/fake.fixture.js';
import { hmcDpmFixture } from './fixtures/hmc-dpm.fixture.js';
import { hmczFixture } from './fixtures/hmcz.fixture.js';
import { manualFixture } from './fixtures/manual.fixture.js';
import { virshPowerFixture } from './fixtures/virsh-power.fixture.js';
import { virshFixture } from './fixtures/virsh.fixture.js';
import { webhookFixture } from './fixtures/webhook.fixture.js';
import { suiteFor } from './suite.js';

const fixtures = [
  fakeFixture(),
  hmcDpmFixture,
  virshFixture,
  hmczFixture,
  virshPowerFixture,
  webhookFixture(),
  manualFixture,
];

it('every driver and power type is held to what it declares', () => {
  const declared = [
    ...VIRT_DRIVERS.map(({ name, features }) => [`virt ${name}`, features]),
    ...POWER_TYPES.map(({ name, features }) => [`power ${name}`, features]),
  ];
  const tried = fixtures.map(({ kind, driver, claims }) => [`${kind} ${driver}`, claims]);
  expect(Object.fromEntries(tried)).toEqual(Object.fromEntries(declared));
});

it('what no scenario asks for is only what no method can ask for', () => {
  const unasked = fixtures.flatMap((fixture) => {
    const asked = new Set(suiteFor(fixture).scenarios.map(({ feature }) => feature));
    return Object.keys(fixture.claims).flatMap((feature) =>
      asked.has(feature) ? [] : [`${fixture.driver} ${feature}`],
    );
  });
  expect(unasked).toEqual([
    'hmcz power.enlistment',
    'virsh power.enlistment',
    'webhook power.enlistment',
    'manual power.error-reporting',
    'manual power.enlistment',
  ]);
});
