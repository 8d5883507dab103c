import Table from 'cli-table3';
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

/** Aligned columns without lines or colours; ends in a line end. */
export function renderTable(view: TableView): string {
  if (view.kind === 'list' && view.rows.length === 0) return '(none)\n';
  const table = new Table({
    chars: BARE,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    ...(view.kind === 'list' ? { head: view.head.map((title) => title.toUpperCase()) } : {}),
  });
  const rows = view.kind === 'list' ? view.rows : view.facts;
  for (const row of rows) table.push(row.map(cellText));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
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
