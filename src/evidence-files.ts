import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeIssues, messageOf } from './common/errors/index.js';
import { EvidenceSchema, type Evidence, type EvidenceByDriver } from './features/index.js';

/** Where the evidence lies that belongs to this version, beside `src` and `dist`. */
const EVIDENCE = fileURLToPath(new URL('../evidence', import.meta.url));

/**
 * Reads what conformance runs have proved. Without the folder nothing is proven.
 *
 * @throws Error naming a file that is no evidence
 */
export function readEvidence(directory = EVIDENCE): EvidenceByDriver {
  return new Map(namesIn(directory).map((name) => evidenceIn(`${directory}/${name}`)));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

function evidenceIn(file: string): [string, Evidence] {
  const parsed = EvidenceSchema.safeParse(read(file));
  if (parsed.success) return [parsed.data.driver, parsed.data];
  throw new Error(`${file} is no evidence: ${describeIssues(parsed.error.issues).text}`);
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is no evidence: ${messageOf(error)}`, { cause: error });
  }
}
