import { describe, expect, it } from '@jest/globals';
import { levelFaults } from '../level-gate.js';
import { Nonconformance } from '../scenario.js';
import { runSuite } from '../suite.js';
import type { BrokenDriver } from './broken-driver.js';

/** The suite must be able to fail: each of these drivers is wrong in one way, and noticed for that. */
export function describeBroken(what: string, drivers: readonly BrokenDriver[]): void {
  describe(`a driver that breaks ${what}`, () => {
    it.each(drivers.map((driver) => [driver.name, driver] as const))('%s', async (_name, broken) => {
      const { fixture, caught, levels = {} } = broken;
      const features = new Set([...Object.keys(caught).map((id) => id.split('/')[0]), ...Object.keys(levels)]);
      const outcomes = await runSuite(fixture, ({ feature }) => features.has(feature));

      const failed = outcomes.filter(({ result }) => result === 'failed');
      const reasons = failed.map(({ id, error }) => [
        id,
        error instanceof Nonconformance ? error.reason : String(error),
      ]);
      expect(Object.fromEntries(reasons)).toEqual(caught);

      const claims = Object.entries(fixture.claims).filter(([feature]) => features.has(feature));
      const faults = levelFaults(Object.fromEntries(claims), outcomes);
      expect(new Set(faults.map(({ feature }) => feature))).toEqual(features);
      expect(Object.fromEntries(faults.map(({ feature, kind }) => [feature, kind]))).toMatchObject(levels);
    });
  });
}
