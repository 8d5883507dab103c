/**
 * What a conformance test's title tells of it, so that a reporter can make evidence of its result.
 *
 * @typedef {{ driver: string, backend: string, version: string, grade: string }} Suite
 * @typedef {{ id: string, kind: string, title: string }} Test
 */

/** @param {Suite} suite */
export function suiteTitle({ driver, backend, version, grade }) {
  return `conformance of ${driver} on ${backend}, ${version} (${grade})`;
}

/** @param {Test} test */
export function testTitle({ id, kind, title }) {
  return `${id} (${kind}): ${title}`;
}

/**
 * @param {string} text
 * @returns {Suite | undefined} undefined when it is no title of a suite
 */
export function readSuiteTitle(text) {
  const [, driver, backend, version, grade] =
    /^conformance of (\S+) on ([^,]+), (.+) \((live|simulator)\)$/.exec(text) ?? [];
  if (driver === undefined || backend === undefined || version === undefined || grade === undefined) return undefined;
  return { driver, backend, version, grade };
}

/**
 * @param {string} text
 * @returns {Test | undefined} undefined when it is no title of a scenario
 */
export function readTestTitle(text) {
  const [, id, kind, title] = /^(\S+\/\S+) \((positive|negative|limit)\): (.*)$/.exec(text) ?? [];
  if (id === undefined || kind === undefined || title === undefined) return undefined;
  return { id, kind, title };
}
