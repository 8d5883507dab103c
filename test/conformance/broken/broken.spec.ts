import { describe, expect, it } from '@jest/globals';
import { levelFaults } from '../level-gate.js';
import { Nonconformance } from '../scenario.js';
import { runSuite } from '../suite.js';
import { brokenClaims } from './broken-claims.js';
import type { BrokenDriver } from './broken-driver.js';
import { brokenHosts } from './broken-hosts.js';
import { brokenInstances } from './broken-instances.js';
import { brokenPower } from './broken-power.js';
import { brokenProvisioning } from './broken-provisioning.js';

/** The suite must be able to fail: each of these drivers is wrong in one way, and noticed for that. */
describe.each<[string, readonly BrokenDriver[]]>([
  ['an instance', brokenInstances],
  ['the making of an instance', brokenProvisioning],
  ['a host', brokenHosts],
  ['a machine', brokenPower],
  ['a declaration', brokenClaims],
])('a driver that breaks %s', (_what, drivers) => {
  it.each(drivers.map((driver) => [driver.name, driver] as const))('%s', async (_name, broken) => {
    const { fixture, caught, levels = {} } = broken;
    const features = new Set([...Object.keys(caught).map((id) => id.split('/')[0]), ...Object.keys(levels)]);
    const outcomes = await runSuite(fixture, ({ feature }) => features.has(feature));

    const failed = outcomes.filter(({ result }) => result === 'failed');
    const reasons = failed.map(({ id, error }) => [id, error instanceof Nonconformance ? error.reason : String(error)]);
    expect(Object.fromEntries(reasons)).toEqual(caught);

    const claims = Object.entries(fixture.claims).filter(([feature]) => features.has(feature));
    const faults = levelFaults(Object.fromEntries(claims), outcomes);
    expect(new Set(faults.map(({ feature }) => feature))).toEqual(features);
    expect(Object.fromEntries(faults.map(({ feature, kind }) => [feature, kind]))).toMatchObject(levels);
  });
});
