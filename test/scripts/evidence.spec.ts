import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { drift } from '../../scripts/evidence/drift.mjs';
import { readEvidence } from '../../scripts/evidence/files.mjs';
import EvidenceReporter from '../../scripts/evidence/reporter.mjs';
import { readSuiteTitle, readTestTitle, suiteTitle, testTitle } from '../../scripts/evidence/title.mjs';
import { EvidenceSchema, provenLevel, type Evidence } from '../../src/features/index.js';

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

describe('the reporter', () => {
  const suite = { driver: 'd', backend: 'b', version: '1', grade: 'simulator' };
  const result = (id: string, status: string, parent = suiteTitle(suite)) => {
    return { ancestorTitles: [parent], title: testTitle({ id, kind: 'positive', title: 't' }), status };
  };
  /** What a run with these results leaves. */
  const left = (...files: ReturnType<typeof result>[][]) => {
    const directory = mkdtempSync(join(tmpdir(), 'zenova-evidence-'));
    try {
      const reporter = new EvidenceReporter({}, { directory });
      for (const testResults of files) reporter.onTestResult({}, { testResults });
      reporter.onRunComplete();
      return [...readEvidence(directory).values()];
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  it('keeps what was shown, in one order, and calls skipped what has not run', () => {
    const results = [result('f/b', 'passed'), result('f/c', 'pending'), result('f/a', 'failed')];
    const [kept] = left(results);
    expect(EvidenceSchema.parse(kept)).toMatchObject({ driver: 'd', backends: [{ name: 'b', version: '1' }] });
    expect(kept?.scenarios.map(({ id, feature, result: its }) => [id, feature, its])).toEqual([
      ['f/a', 'f', 'failed'],
      ['f/b', 'f', 'passed'],
      ['f/c', 'f', 'skipped'],
    ]);
    expect(left(results.toReversed())).toEqual([kept]);
  });

  it('keeps a file for each driver, and none of other tests', () => {
    const other = suiteTitle({ ...suite, driver: 'e' });
    expect(left([result('f/a', 'passed')], [result('f/a', 'passed', other)]).map(({ driver }) => driver)).toEqual([
      'd',
      'e',
    ]);
    expect(left([result('f/a', 'passed', 'something else')])).toEqual([]);
  });
});
