import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const HARNESS = resolve(import.meta.dirname, '../../torture/main.mjs');
const LIMIT_MS = 900_000;

interface Report {
  readonly violations: readonly { readonly rule: string }[];
  readonly numbers: Readonly<Record<string, unknown>>;
}

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-torture-report-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the harness; `output` tells the seed with which it can be repeated. */
async function torture(options: Record<string, string>): Promise<{ report: Report; output: string }> {
  const file = join(directory, 'report.json');
  const args = Object.entries({ ...options, report: file }).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(process.execPath, [HARNESS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  try {
    return { report: JSON.parse(readFileSync(file, 'utf8')) as Report, output };
  } catch {
    throw new Error(`the harness did not come to its end:\n${output}${errors}`);
  }
}

describe('torture, the short form', () => {
  it.each([
    ['sqlite', 'killed,stale,preempt,parents,shutdown', 60],
    ['postgres', 'frozen,late', 60],
  ])(
    'breaks no promise on %s',
    async (database, scenarios, operations) => {
      const { report, output } = await torture({ database, scenarios, operations: String(operations) });
      expect(report.violations.length === 0 ? [] : output).toEqual([]);
      expect(report.numbers['drawn from the seed']).toBe(operations);
      expect(report.numbers['taken up again']).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  it(
    'finds out a service that sends again what was not answered',
    async () => {
      const { report, output } = await torture({ mutant: 'sent-again', scenarios: 'lostAnswers', operations: '0' });
      const isFound = report.violations.some(({ rule }) => rule === 'write-repeated-blindly');
      expect(isFound ? 'found out' : output).toBe('found out');
    },
    LIMIT_MS,
  );
});
