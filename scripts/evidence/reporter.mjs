import { FRESH, writeEvidence } from './files.mjs';
import { readSuiteTitle, readTestTitle } from './title.mjs';

/**
 * A jest reporter that keeps what the conformance tests of a run have shown, a file for each driver. What was skipped has
 * shown nothing, and says so. A run without conformance tests leaves nothing.
 *
 * @typedef {import('./files.mjs').Evidence} Evidence
 * @typedef {{ ancestorTitles: string[], title: string, status: string }} TestResult
 */
export default class EvidenceReporter {
  /** @type {Map<string, Evidence>} */
  #evidence = new Map();
  /** @type {string} */
  #directory;

  /**
   * @param {unknown} [_config] jest's
   * @param {{ directory?: string }} [options]
   */
  constructor(_config, { directory = FRESH } = {}) {
    this.#directory = directory;
  }

  /**
   * @param {unknown} _test
   * @param {{ testResults: TestResult[] }} file
   */
  onTestResult(_test, { testResults }) {
    for (const result of testResults) this.#add(result);
  }

  onRunComplete() {
    if (this.#evidence.size > 0) writeEvidence(this.#directory, [...this.#evidence.values()].map(sorted));
  }

  /** @param {TestResult} result */
  #add({ ancestorTitles: [parent = ''], title, status }) {
    const [suite, test] = [readSuiteTitle(parent), readTestTitle(title)];
    if (suite === undefined || test === undefined) return;
    const { driver, backend: name, version, grade } = suite;
    /** @type {Evidence} */
    const evidence = this.#evidence.get(driver) ?? { schema_version: 1, driver, backends: [], scenarios: [] };
    this.#evidence.set(driver, evidence);
    if (!evidence.backends.some((one) => one.name === name && one.grade === grade)) {
      evidence.backends.push({ name, version, grade });
    }
    const result = status === 'passed' || status === 'failed' ? status : 'skipped';
    const [feature = ''] = test.id.split('/');
    evidence.scenarios.push({ ...test, feature, grade, backend: `${name} ${version}`, result });
  }
}

/**
 * @param {Evidence} evidence
 * @returns {Evidence} the same for every order in which tests end
 */
function sorted({ schema_version, driver, backends, scenarios }) {
  return {
    schema_version,
    driver,
    backends: backends.toSorted((one, other) => compare(one.name, other.name)),
    scenarios: scenarios
      .map(({ id, feature, kind, title, grade, backend, result }) => {
        return { id, feature, kind, title, grade, backend, result };
      })
      .toSorted((one, other) => compare(one.id, other.id) || compare(one.backend, other.backend)),
  };
}

/**
 * @param {string} one
 * @param {string} other
 */
function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}
