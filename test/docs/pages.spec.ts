import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CHECKOUT } from './documents.js';

const read = (path: string): string => readFileSync(join(CHECKOUT, path), 'utf8');
const NOT_OURS = new Set(['.git', ...read('.gitignore').split('\n')]);

function foldersOf(path: string): string[] {
  return readdirSync(join(CHECKOUT, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NOT_OURS.has(entry.name))
    .map(({ name }) => join(path, name));
}

function pagesBelow(path: string): string[] {
  const pages = readdirSync(join(CHECKOUT, path)).filter((name) => name.endsWith('.md'));
  return [...pages.map((name) => join(path, name)), ...foldersOf(path).flatMap(pagesBelow)];
}

const withoutExamples = (page: string): string => read(page).replaceAll(/^( *)```.*?^\1```$/gms, '');

/** As code hosts make them of headings. */
function anchorsOf(page: string): string[] {
  return [...withoutExamples(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links to other pages and files of the checkout that lead nowhere. */
function brokenLinksOf(page: string): string[] {
  return [...withoutExamples(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    .filter(([, path = '', anchor]) => {
      const target = path === '' ? page : relative('.', join(dirname(page), path));
      if (!existsSync(join(CHECKOUT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    })
    .map(([link]) => link);
}

describe('the pages of this repository', () => {
  const pages = pagesBelow('');

  it.each(pages)('%s has links that lead somewhere', (page) => {
    expect(brokenLinksOf(page)).toEqual([]);
  });

  it('a folder is told of in ARCHITECTURE.md, and what is told of is there', () => {
    const [, table = ''] = /^## What lies where\n(.*?)^## /ms.exec(read('ARCHITECTURE.md')) ?? [];
    const rows = [...table.matchAll(/^\| (`[^|]+`) +\|/gm)].flatMap(([, cell = '']) => cell.split(', '));
    const told = rows.map((name) => name.replaceAll('`', '')).filter((name) => name !== 'src/*.ts');
    // The three parts of src/compute have rows of their own.
    const there = ['', 'src', 'src/compute']
      .flatMap(foldersOf)
      .filter((path) => !['src', 'src/compute'].includes(path));
    expect(told.toSorted()).toEqual(there.toSorted());
  });
});
