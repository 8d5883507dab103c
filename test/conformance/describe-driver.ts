import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { suiteTitle, testTitle } from '../../scripts/evidence/title.mjs';
import type { Fixture } from './fixture.js';
import { levelFaults } from './level-gate.js';
import { suiteFor } from './suite.js';

/** What is real takes its time to start. */
const STARTS_WITHIN_MS = 300_000;

/** Above all that a scenario waits for one after the other: a guest, its agent and moves of it. */
const LIVE_WITHIN_MS = 1_500_000;

/** The suite for a driver as jest tests. Their titles carry what the reporter keeps of them as evidence. */
export function describeDriver(fixture: Fixture): void {
  const { driver, backend, claims } = fixture;
  const run = suiteFor(fixture);
  describe(suiteTitle({ driver, backend: backend.name, version: backend.version, grade: backend.grade }), () => {
    beforeAll(() => run.start(), STARTS_WITHIN_MS);
    afterAll(() => run.close());

    test.each(run.scenarios.map((scenario) => [testTitle(scenario), scenario.id] as const))(
      '%s',
      async (_title, id) => {
        const { result, error } = await run.outcome(id);
        if (result === 'failed') throw error;
      },
      backend.grade === 'live' ? LIVE_WITHIN_MS : undefined,
    );

    test('declares what is proven', async () => {
      const outcomes = [];
      for (const { id } of run.scenarios) outcomes.push(await run.outcome(id));
      expect(levelFaults(claims, outcomes).map(({ text }) => text)).toEqual([]);
    });
  });
}
