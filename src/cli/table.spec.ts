import { describe, expect, it } from '@jest/globals';
import { renderTable, widthOf, type TableView } from './table.js';

const CHECKS: TableView = {
  kind: 'list',
  head: ['check', 'ok', 'detail', 'remedy'],
  rows: [
    ['address', true, 'it answers', null],
    ['logon', false, 'the HMC answered 403,0 to the user of the configuration', 'correct userid and password'],
  ],
};

describe('a table', () => {
  it('keeps each row on one line where there is room', () => {
    expect(renderTable(CHECKS, Number.POSITIVE_INFINITY).split('\n')).toHaveLength(4);
  });

  it('wraps sentences to the width, and keeps its columns', () => {
    expect(renderTable(CHECKS, 56)).toBe(
      [
        'CHECK    OK     DETAIL               REMEDY',
        'address  true   it answers           -',
        'logon    false  the HMC answered     correct userid and',
        '                403,0 to the user    password',
        '                of the',
        '                configuration',
        '',
      ].join('\n'),
    );
  });

  it('is printed in parts where its columns have no room side by side, each with what its rows are about', () => {
    const wide: TableView = {
      kind: 'list',
      head: ['feature', 'one', 'two', 'three'],
      rows: [['pause', 'complete', 'missing', 'partial']],
      keys: 1,
    };
    expect(renderTable(wide, 27)).toBe(
      ['FEATURE  ONE       TWO', 'pause    complete  missing', '', 'FEATURE  THREE', 'pause    partial', ''].join('\n'),
    );
    expect(renderTable(wide, 10).match(/FEATURE/g)).toHaveLength(3);
    expect(renderTable(wide, Number.POSITIVE_INFINITY).match(/FEATURE/g)).toHaveLength(1);
  });

  it('cuts no word, however narrow the terminal', () => {
    const text = renderTable(CHECKS, 10);
    expect(text).not.toContain('…');
    for (const word of ['address', 'configuration', 'password']) expect(text).toContain(word);
  });

  it('wraps facts as well, and says when there are no rows', () => {
    expect(renderTable({ kind: 'facts', facts: [['news', 'one two three']] }, 13)).toBe('news  one two\n      three\n');
    expect(renderTable({ kind: 'list', head: ['a'], rows: [] }, 80)).toBe('(none)\n');
  });
});

describe('the width', () => {
  it("is the terminal's, and endless elsewhere", () => {
    const stream = process.stdout;
    expect(widthOf(Object.assign(Object.create(stream), { isTTY: true, columns: 80 }))).toBe(80);
    expect(widthOf(Object.assign(Object.create(stream), { isTTY: false, columns: 80 }))).toBe(Number.POSITIVE_INFINITY);
  });
});
