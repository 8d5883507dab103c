import { describe, expect, it } from '@jest/globals';
import { drift } from '../../scripts/evidence/drift.mjs';
import { readSuiteTitle, readTestTitle, suiteTitle, testTitle } from '../../scripts/evidence/title.mjs';
import { provenLevel, type Evidence } from '../../src/features/index.js';

const scenario = { feature: 'f', kind: 'positive', title: 't', grade: 'simulator', backend: 'b 1', result: 'passed' };
const levelOf = (scenarios: unknown) => provenLevel(scenarios as Evidence['scenarios']);

/** Evidence of one driver, with a scenario for each change. */
function evidence(...changes: readonly object[]) {
  const scenarios = changes.map((change, i) => ({ ...scenario, id: `f/${i}`, ...change }));
  const backends = [{ name: 'b', version: '1', grade: 'simulator' }];
  return new Map([['d', { schema_version: 1 as const, driver: 'd', backends, scenarios }]]);
}

describe('titles of conformance tests', () => {
  it.each([
    { driver: 'hmc-dpm', backend: 'HMC simulator', version: 'API 4.10', grade: 'simulator' },
    { driver: 'lxd', backend: 'LXD', version: '5.0.2 (Debian, 12)', grade: 'live' },
  ])('name the suite: %j', (suite) => {
    expect(readSuiteTitle(suiteTitle(suite))).toEqual(suite);
  });

  it('name the scenario', () => {
    const test = { id: 'operation.pause/effect', kind: 'limit', title: 'stops (all): its processors' };
    expect(readTestTitle(testTitle(test))).toEqual(test);
  });

  it.each(['declares what is proven', 'a/b (other): c', ''])('are not "%s"', (text) => {
    expect(readTestTitle(text)).toBeUndefined();
    expect(readSuiteTitle(text)).toBeUndefined();
  });
});

describe('drift of evidence', () => {
  it('is none when only titles and versions differ', () => {
    expect(drift(evidence({}, {}), evidence({ title: 'other', backend: 'b 2' }, {}), levelOf)).toEqual([]);
  });

  it.each([
    [
      'a result',
      evidence({}, { result: 'failed' }),
      [
        'd: f proves nothing, and complete in what is kept',
        'd: f/1 (simulator) is failed as positive, and passed as positive in what is kept',
      ],
    ],
    [
      'a kind',
      evidence({}, { kind: 'limit' }),
      [
        'd: f proves partial, and complete in what is kept',
        'd: f/1 (simulator) is passed as limit, and passed as positive in what is kept',
      ],
    ],
    [
      'a scenario that has gone',
      evidence({}),
      ['d: f/1 (simulator) is absent, and passed as positive in what is kept'],
    ],
    [
      'a scenario that is new',
      evidence({}, {}, {}),
      ['d: f/2 (simulator) is passed as positive, and absent in what is kept'],
    ],
    [
      'a feature',
      evidence({}, { id: 'g/1', feature: 'g' }),
      [
        'd: g proves complete, and absent in what is kept',
        'd: f/1 (simulator) is absent, and passed as positive in what is kept',
        'd: g/1 (simulator) is passed as positive, and absent in what is kept',
      ],
    ],
    [
      'a grade',
      evidence({}, { grade: 'live' }),
      [
        'd: f/1 (live) is passed as positive, and absent in what is kept',
        'd: f/1 (simulator) is absent, and passed as positive in what is kept',
      ],
    ],
    ['a driver that has not run', new Map(), ['d: its evidence is kept, and no scenario of it has run']],
  ])('tells %s', (_what, fresh, lines) => {
    expect(drift(evidence({}, {}), fresh, levelOf)).toEqual(lines);
  });

  it('tells a driver of which nothing is kept', () => {
    expect(drift(new Map(), evidence({}), levelOf)).toEqual(['d: no evidence of it is kept']);
  });
});
