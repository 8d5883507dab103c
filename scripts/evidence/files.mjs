import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCheckout } from '../environment/checkout.mjs';

/**
 * @typedef {{ id: string, feature: string, kind: string, title: string, grade: string, backend: string, result: string }} Scenario
 * @typedef {{ schema_version: 1, driver: string, backends: { name: string, version: string, grade: string }[], scenarios: Scenario[] }} Evidence
 */

/** What the last run has shown. */
export const FRESH = inCheckout('.zenova', 'evidence');
/** What is kept, and published. */
export const KEPT = inCheckout('evidence');

/**
 * @param {string} directory
 * @returns {Map<string, Evidence>} by driver; empty when there is no such directory
 */
export function readEvidence(directory) {
  /** @type {Map<string, Evidence>} */
  const found = new Map();
  for (const name of namesIn(directory)) {
    /** @type {Evidence} */
    const evidence = JSON.parse(readFileSync(join(directory, name), 'utf8'));
    found.set(evidence.driver, evidence);
  }
  return found;
}

/**
 * Writes a file for each driver, and removes those of others.
 *
 * @param {string} directory
 * @param {Iterable<Evidence>} all
 */
export function writeEvidence(directory, all) {
  mkdirSync(directory, { recursive: true });
  for (const name of namesIn(directory)) rmSync(join(directory, name));
  for (const evidence of all) {
    writeFileSync(join(directory, `${evidence.driver}.json`), `${JSON.stringify(evidence, null, 2)}\n`);
  }
}

/** @param {string} directory */
export function forgetEvidence(directory) {
  rmSync(directory, { recursive: true, force: true });
}

/** @param {string} directory */
function namesIn(directory) {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
