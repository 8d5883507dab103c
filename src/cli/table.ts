import Table from 'cli-table3';
import type { Output } from './cli-parts.js';
import { terminalText } from './terminal-text.js';

/** What a person reads: rows under headings, or names beside values. */
export type TableView =
  | { readonly kind: 'list'; readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [string, Cell])[] };

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
  if (view.kind === 'list' && view.rows.length === 0) return '(none)\n';
  const head = view.kind === 'list' ? view.head.map((title) => title.toUpperCase()) : [];
  const rows = (view.kind === 'list' ? view.rows : view.facts).map((row: readonly Cell[]) => row.map(cellText));
  const table = new Table({
    chars: BARE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    head,
    colWidths: narrowed([head, ...rows], width),
    wordWrap: true,
  });
  table.push(...rows);
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
    return [[path, Array.isArray(item) ? listText(item) : (item as Cell)]];
  });
}

function listText(items: readonly unknown[]): string {
  return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(', ');
}

function cellText(cell: Cell): string {
  return cell === null || cell === undefined ? '-' : terminalText(String(cell)).replace(/\s*\n\s*/g, ' ');
}
