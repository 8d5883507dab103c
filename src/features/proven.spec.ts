import { describe, expect, it } from '@jest/globals';
import { complete, missing, partial } from './declare.js';
import type { Scenario } from './evidence.js';
import { cellOf, provenLevel } from './proven.js';

const scenario = (kind: Scenario['kind'], result: Scenario['result'] = 'passed', grade: Scenario['grade'] = 'live') => {
  return { id: 'x', feature: 'x', kind, title: 'x', grade, backend: 'x', result };
};

describe('what scenarios prove', () => {
  it.each<[string, Scenario[], ReturnType<typeof provenLevel>]>([
    ['nothing, when there are none', [], null],
    ['that it works', [scenario('positive'), scenario('positive')], 'complete'],
    ['that it works within limits', [scenario('positive'), scenario('limit')], 'partial'],
    ['that it is refused', [scenario('negative')], 'missing'],
    ['nothing, when one failed', [scenario('positive'), scenario('positive', 'failed')], null],
    ['nothing, when one was skipped', [scenario('positive'), scenario('positive', 'skipped')], null],
    ['nothing, when a refusal failed', [scenario('negative', 'failed')], null],
    ['nothing, when it both works and is refused', [scenario('positive'), scenario('negative')], null],
    ['nothing by limits alone', [scenario('limit')], null],
  ])('%s', (_, scenarios, expected) => {
    expect(provenLevel(scenarios)).toBe(expected);
  });
});

describe('a cell', () => {
  const simulated = scenario('positive', 'passed', 'simulator');
  it.each([
    ['is the lower of both', partial('limits'), [scenario('positive')], 'partial', 'live'],
    ['is the lower of both', complete, [scenario('positive'), scenario('limit')], 'partial', 'live'],
    ['has the best grade', complete, [simulated, scenario('positive')], 'complete', 'live'],
    ['has the only grade', complete, [simulated], 'complete', 'simulator'],
    ['is unproven without evidence', complete, [], 'unproven', null],
    ['is unproven without evidence', missing('reason'), [], 'unproven', null],
  ] as const)('%s', (_, claim, scenarios, level, grade) => {
    expect(cellOf(claim, scenarios)).toMatchObject({ level, grade, declared: claim.level });
  });
});
