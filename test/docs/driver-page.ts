import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ERROR_CODE_NAMES, type ErrorCode } from '../../src/common/errors/index.js';
import { CHECKOUT } from './documents.js';

/** The page of a driver, and the code that it tells of. */
export class DriverPage {
  readonly #text: string;
  /** All of the driver's own files. */
  readonly sources: readonly string[];

  constructor(driver: string) {
    const folder = join(CHECKOUT, 'src/drivers', driver);
    this.#text = readFileSync(join(folder, 'README.md'), 'utf8');
    this.sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8'));
  }

  /** What stands below a heading, up to the next one of its level or above. */
  section(heading: string): string {
    const level = /^#+/.exec(heading)?.[0].length ?? 0;
    const [, after = ''] = this.#text.split(`\n${heading}\n`);
    const end = after.search(new RegExp(`^#{1,${level}} `, 'm'));
    return end === -1 ? after : after.slice(0, end);
  }

  /** Rows of the tables of a section, but their heads. */
  rowsOf(heading: string): string[][] {
    return this.section(heading)
      .split('\n')
      .filter((line, i, lines) => line.startsWith('|') && !isRule(line) && !isRule(lines[i + 1] ?? ''))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
  }
}

const isRule = (line: string): boolean => /^\|[ |:-]+$/.test(line);

/** What stands in code quotes in a cell. */
export const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** The tables of errors of a page, below `## Errors`. */
export interface ErrorTables {
  /** Heading of the table whose rows begin with what the backend answers, and the code. */
  readonly answers: string;
  /** Headings of those whose rows begin with the code. */
  readonly others: readonly string[];
  /** The answers that the driver knows, with the code that each becomes. */
  readonly meanings: Readonly<Record<string, { readonly code: ErrorCode } | undefined>>;
  /** At least so many rows, so that the page is read as it is meant. */
  readonly leastRows: number;
}

/** What every driver's page says of its errors. */
export function itTellsErrors(page: DriverPage, { answers, others, meanings, leastRows }: ErrorTables): void {
  it('has every answer that is known, with the code that it becomes', () => {
    const told = page.rowsOf(answers).flatMap(([native, code]) => quoted(native).map((answer) => `${answer}: ${code}`));
    const known = Object.entries(meanings).map(([answer, meaning]) => `${answer}: ${meaning?.code}`);
    expect(told.toSorted()).toEqual(known.toSorted());
  });

  it('has every code that the driver uses, each a code that there is', () => {
    const told = new Set([
      ...page.rowsOf(answers).map(([, code]) => code),
      ...others.flatMap((heading) => page.rowsOf(heading).map(([code]) => code)),
    ]);
    const used = ERROR_CODE_NAMES.filter((code) =>
      page.sources.some((text) => new RegExp(`[(:?]\\s*'${code}'`).test(text)),
    );
    expect(used.length).toBeGreaterThan(15);
    expect(used.filter((code) => !told.has(code))).toEqual([]);
    expect([...told].filter((code) => !ERROR_CODE_NAMES.some((name) => name === code))).toEqual([]);
  });

  it('says of each what to do', () => {
    const rows = page.rowsOf('## Errors');
    expect(rows.length).toBeGreaterThan(leastRows);
    expect(rows.filter((cells) => cells.some((cell) => cell === ''))).toEqual([]);
  });
}
