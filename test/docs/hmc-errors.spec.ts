import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODE_NAMES } from '../../src/common/errors/index.js';
import { NATIVE_MEANINGS } from '../../src/drivers/hmc-dpm/hmc-dpm.errors.js';
import { CHECKOUT } from './documents.js';

const DRIVER = join(CHECKOUT, 'src/drivers/hmc-dpm');
const page = readFileSync(join(DRIVER, 'README.md'), 'utf8');
const sources = readdirSync(DRIVER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => readFileSync(join(DRIVER, file), 'utf8'));

/** What stands below a heading, up to the next one of its level or above. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const [, after = ''] = page.split(`\n${heading}\n`);
  const end = after.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end === -1 ? after : after.slice(0, end);
}

/** Rows of the tables of a section, but their heads. */
function rowsOf(heading: string): string[][] {
  return section(heading)
    .split('\n')
    .filter((line, i, lines) => line.startsWith('|') && !isRule(line) && !isRule(lines[i + 1] ?? ''))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const isRule = (line: string): boolean => /^\|[ |:-]+$/.test(line);

const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

describe('the page of hmc-dpm, on errors', () => {
  it('has every answer of the HMC that is known, with the code that it becomes', () => {
    const told = rowsOf('### What the HMC answers').flatMap(([native, code]) =>
      quoted(native).map((answer) => `${answer}: ${code}`),
    );
    const known = Object.entries(NATIVE_MEANINGS).map(([answer, { code }]) => `${answer}: ${code}`);
    expect(told.toSorted()).toEqual(known.toSorted());
  });

  it('has every code that the driver uses, each a code that there is', () => {
    const told = new Set([
      ...rowsOf('### What the HMC answers').map(([, code]) => code),
      ...rowsOf('### When the HMC says nothing of use').map(([code]) => code),
      ...rowsOf('### What the driver refuses, and how operations end').map(([code]) => code),
    ]);
    const used = ERROR_CODE_NAMES.filter((code) => sources.some((text) => new RegExp(`[(:?]\\s*'${code}'`).test(text)));
    expect(used.length).toBeGreaterThan(15);
    expect(used.filter((code) => !told.has(code))).toEqual([]);
    expect([...told].filter((code) => !ERROR_CODE_NAMES.some((name) => name === code))).toEqual([]);
  });

  it('says of each what to do', () => {
    const rows = rowsOf('## Errors');
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((cells) => cells.some((cell) => cell === ''))).toEqual([]);
  });

  it('names every task of the HMC that the driver says it needs', () => {
    const needed = sources.flatMap((text) =>
      [...text.matchAll(/\b[A-Z_]*TASKS = \[(.*?)\]/gs)].flatMap(([, list = '']) =>
        [...list.matchAll(/'([^']+)'/g)].map(([, task]) => task),
      ),
    );
    expect(needed.length).toBeGreaterThan(10);
    const told = section('## On the HMC');
    expect(needed.filter((task) => !told.includes(`_${task}`))).toEqual([]);
  });
});
