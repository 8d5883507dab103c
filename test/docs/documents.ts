import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const CHECKOUT = resolve(import.meta.dirname, '../..');

const DRIVERS = readdirSync(join(CHECKOUT, 'src/drivers')).map((name) => `src/drivers/${name}/README.md`);

/** Pages for operators and callers. Records of decisions (`docs/adr`) show nothing to do. */
export const PAGES: readonly string[] = [
  'README.md',
  ...DRIVERS.filter((page) => existsSync(join(CHECKOUT, page))),
  ...readdirSync(join(CHECKOUT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted(),
];

/** A fenced block with a language: something that a reader can use as it stands. One without is output, or a picture. */
export interface Example {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export function examplesOf(page: string): Example[] {
  const source = readFileSync(join(CHECKOUT, page), 'utf8');
  return [...source.matchAll(/^( *)```([a-z]+)\n(.*?)^\1```$/gms)].map(
    ({ index, 1: indent = '', 2: language = '', 3: body = '' }) => ({
      page,
      line: source.slice(0, index).split('\n').length,
      language,
      text: indent === '' ? body : body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

export const titleOf = ({ page, line, language, text }: Example): string =>
  `${page}:${line} ${language}: ${text.trim().split('\n')[0] ?? ''}`;
