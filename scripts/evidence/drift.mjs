/**
 * What a run has shown, held against what is kept: driver, feature, scenario, kind, result, level and grade. Titles and
 * versions may change.
 *
 * @typedef {import('./files.mjs').Evidence} Evidence
 * @typedef {import('./files.mjs').Scenario} Scenario
 * @typedef {(scenarios: Scenario[]) => string | null} LevelOf
 */

/**
 * @param {ReadonlyMap<string, Evidence>} kept by driver
 * @param {ReadonlyMap<string, Evidence>} fresh by driver
 * @param {LevelOf} levelOf what the scenarios of one feature prove
 * @returns {string[]} a line for each difference
 */
export function drift(kept, fresh, levelOf) {
  const drivers = [...new Set([...kept.keys(), ...fresh.keys()])].toSorted();
  return drivers.flatMap((driver) => {
    const [before, now] = [kept.get(driver), fresh.get(driver)];
    if (before === undefined) return [`${driver}: no evidence of it is kept`];
    if (now === undefined) return [`${driver}: its evidence is kept, and no scenario of it has run`];
    return [...levelDrift(before, now, levelOf), ...scenarioDrift(before, now)].map((line) => `${driver}: ${line}`);
  });
}

/**
 * @param {Evidence} kept
 * @param {Evidence} fresh
 * @param {LevelOf} levelOf
 */
function levelDrift(kept, fresh, levelOf) {
  /** @param {Evidence} evidence */
  const levels = ({ scenarios }) => {
    const features = new Set(scenarios.map(({ feature }) => feature));
    /** @type {(feature: string) => [string, string]} */
    const proves = (feature) => [feature, levelOf(scenarios.filter((one) => one.feature === feature)) ?? 'nothing'];
    return new Map([...features].map(proves));
  };
  return differences(levels(kept), levels(fresh), (feature) => `${feature} proves`);
}

/**
 * @param {Evidence} kept
 * @param {Evidence} fresh
 */
function scenarioDrift(kept, fresh) {
  /** @param {Evidence} evidence */
  const results = ({ scenarios }) =>
    new Map(scenarios.map(({ id, kind, result, grade }) => [`${id} (${grade})`, `${result} as ${kind}`]));
  return differences(results(kept), results(fresh), (id) => `${id} is`);
}

/**
 * @param {ReadonlyMap<string, string>} kept
 * @param {ReadonlyMap<string, string>} fresh
 * @param {(key: string) => string} name
 */
function differences(kept, fresh, name) {
  const keys = [...new Set([...kept.keys(), ...fresh.keys()])].toSorted();
  return keys.flatMap((key) => {
    const [before, now] = [kept.get(key) ?? 'absent', fresh.get(key) ?? 'absent'];
    return before === now ? [] : [`${name(key)} ${now}, and ${before} in what is kept`];
  });
}
