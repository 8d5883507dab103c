import Table from 'cli-table3';
import type { Output } from './cli-parts.js';
import { terminalText } from './terminal-text.js';

/** What a person reads: rows under headings, names beside values, sentences, or some of these one below the other. */
export type TableView =
  | {
      readonly kind: 'list';
      readonly head: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
      /** So many columns say what a row is about. With them, a table that is too wide is printed in parts, each with these. */
      readonly keys?: number;
    }
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [string, Cell])[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'parts'; readonly parts: readonly TableView[] };

export type Cell = string | number | boolean | null | undefined;

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

const GAP = BARE.middle.length;

/** How wide a table may be there: a terminal's width; in a file or a pipe a row stays one line, for grep and its kind. */
export function widthOf({ isTTY, columns }: Output): number {
  return isTTY === true && columns !== undefined ? columns : Number.POSITIVE_INFINITY;
}

/** Aligned columns without lines or colours, sentences wrapped to the width; ends in a line end. */
export function renderTable(view: TableView, width: number): string {
  switch (view.kind) {
    case 'parts':
      return view.parts.map((part) => renderTable(part, width)).join('\n');
    case 'text':
      return aligned([], [[cellText(view.text)]], width);
    case 'facts':
      return aligned([], textsOf(view.facts), width);
    case 'list':
      return listText(view, width);
  }
}

function listText({ head: titles, rows, keys }: Extract<TableView, { kind: 'list' }>, width: number): string {
  if (rows.length === 0) return '(none)\n';
  const head = titles.map((title) => title.toUpperCase());
  const texts = textsOf(rows);
  if (keys === undefined) return aligned(head, texts, width);
  return columnsThatFit([head, ...texts], keys, width)
    .map((columns) => {
      const only = (row: readonly string[]): string[] => columns.map((column) => row[column] ?? '');
      return aligned(only(head), texts.map(only), width);
    })
    .join('\n');
}

/** The columns of each part: first those that say what a row is about, and then as many as there is room for, at least one. */
function columnsThatFit(rows: readonly (readonly string[])[], keys: number, width: number): number[][] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length))) ?? [];
  const lead = [...widths.keys()].slice(0, keys);
  const parts: number[][] = [];
  let room = 0;
  for (const column of [...widths.keys()].slice(keys)) {
    const needed = GAP + (widths[column] ?? 0);
    if (parts.length === 0 || needed > room) {
      parts.push([...lead]);
      room = width - lead.reduce((sum, one) => sum + (widths[one] ?? 0), GAP * (keys - 1));
    }
    parts.at(-1)?.push(column);
    room -= needed;
  }
  return parts.length === 0 ? [lead] : parts;
}

function textsOf(rows: readonly (readonly Cell[])[]): string[][] {
  return rows.map((row) => row.map(cellText));
}

function aligned(head: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const table = new Table({
    chars: BARE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head: [...head],
    colWidths: narrowed([head, ...rows], width),
    wordWrap: true,
  });
  table.push(...rows.map((row) => [...row]));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

/**
 * Widths of the columns that must be narrower than their text for the table to fit, null for the others. No word is cut: a
 * name or an id is there to be copied.
 */
function narrowed(rows: readonly (readonly string[])[], width: number): (number | null)[] {
  const columns = rows[1]?.map((_, i) => rows.map((row) => row[i] ?? '')) ?? [];
  const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const natural = columns.map(longest);
  const least = columns.map((cells) => longest(cells.flatMap((cell) => cell.split(' '))));
  const fitted = [...natural];
  let excess = natural.reduce((sum, length) => sum + length, GAP * (natural.length - 1)) - width;
  while (excess > 0) {
    const spare = fitted.map((length, i) => (length > (least[i] ?? 0) ? length : 0));
    const widest = Math.max(...spare);
    if (widest === 0) break;
    fitted[spare.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return fitted.map((length, i) => (length === natural[i] ? null : length));
}

/** Any answer as facts: nested objects with dotted names, what is null left out. */
export function factsOf(value: object): TableView {
  return { kind: 'facts', facts: flatten(value, '') };
}

function flatten(value: object, prefix: string): [string, Cell][] {
  return Object.entries(value).flatMap(([name, item]: [string, unknown]): [string, Cell][] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (item === null || item === undefined) return [];
    if (typeof item === 'object' && !Array.isArray(item)) return flatten(item, path);
    return [[path, Array.isArray(item) ? itemsText(item) : (item as Cell)]];
  });
}

function itemsText(items: readonly unknown[]): string {
  return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(', ');
}

function cellText(cell: Cell): string {
  return cell === null || cell === undefined ? '-' : terminalText(String(cell)).replace(/\s*\n\s*/g, ' ');
}
