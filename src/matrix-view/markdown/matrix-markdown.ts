import {
  byKind,
  groupsOf,
  titlesOf,
  type Feature,
  type Matrix,
  type MatrixCell,
  type MatrixDriver,
  type TitleOf,
} from '../matrix-parts.js';
import { LEVELS, LEVEL_NAMES, PROOFS, askedForWith, demandText, proofOf, shownLevel, statusWord } from '../words.js';
import { demandsLines } from './demands.js';
import { blocks, code, md, table } from './text.js';

export interface MarkdownOptions {
  /** A remark for whoever looks at the source. */
  readonly remark?: string;
}

/** The matrix in Markdown: all drivers side by side, what each lacks and why, and what the features mean. */
export function matrixMarkdown(matrix: Matrix, { remark }: MarkdownOptions = {}): string {
  const { catalogue, drivers, version } = matrix;
  const titleOf = titlesOf(catalogue);
  const shown = byKind(drivers);
  return blocks([
    '# Feature matrix',
    remark !== undefined && `<!-- ${remark} -->`,
    `What every driver and power type of Zenova ${version} can do: what it declares, and what tests have proven of that.`,
    legendLines(),
    ...(shown.length === 0 ? ['No driver has all that is asked for.'] : []),
    ...shown.flatMap(({ kind, title, drivers }) => [
      `## ${title}`,
      kind === 'virt' ? virtTable(matrix, drivers) : powerTable(catalogue, drivers),
    ]),
    ...(shown.length === 0 ? [] : ['## What each lacks, and why']),
    ...shown.flatMap(({ drivers }) => drivers.flatMap((driver) => driverLines(driver, titleOf))),
    ...(shown.length === 0 ? [] : ['## What the features mean']),
    ...shown.flatMap(({ kind }) =>
      groupsOf(catalogue, kind).flatMap(({ title, features }) => [`### ${title}`, meaningTable(features, titleOf)]),
    ),
  ]);
}

function legendLines(): string {
  return [
    ...LEVEL_NAMES.map((level) => `- ${LEVELS[level].sign} **${level}**: ${LEVELS[level].meaning}`),
    ...Object.values(PROOFS).map(({ sign, text, meaning }) => `- ${sign} **${text}**: ${meaning}`),
  ].join('\n');
}

function virtTable({ catalogue, references }: Matrix, drivers: readonly MatrixDriver[]): string {
  const others = Object.values(references);
  const head = [
    'feature',
    'status',
    ...drivers.map(({ driver }) => code(driver)),
    ...others.map(({ title }) => `_${md(title)}_`),
  ];
  const rows = groupsOf(catalogue, 'virt').flatMap(({ title, features }) => [
    [`**${title}**`, ...head.slice(1).map(() => '')],
    ...features.map((feature) => [
      `${md(feature.title)} ${code(feature.key)}`,
      statusWord(feature),
      ...drivers.map(({ features }) => cellText(features[feature.key])),
      ...others.map(({ features }) => features[feature.key] ?? ''),
    ]),
  ]);
  return table(head, rows);
}

function powerTable(catalogue: readonly Feature[], drivers: readonly MatrixDriver[]): string {
  const features = groupsOf(catalogue, 'power').flatMap(({ features }) => features);
  return table(
    ['power type', ...features.map(({ title }) => md(title))],
    drivers.map(({ driver, features: cells }) => [code(driver), ...features.map(({ key }) => cellText(cells[key]))]),
  );
}

function cellText(cell: MatrixCell | undefined): string {
  if (cell === undefined) return '';
  const level = shownLevel(cell);
  return `${LEVELS[level].sign} ${level} ${PROOFS[proofOf(cell)].sign}`;
}

function driverLines({ driver, title, evaluation, features, backends }: MatrixDriver, titleOf: TitleOf): string[] {
  const cells = Object.entries(features);
  const limits = cells.filter(([, cell]) => shownLevel(cell) === 'partial');
  const tried = backends.map(({ name, version, grade }) => `${md(name)} ${md(version)} (${grade})`).join(', ');
  return [
    `### ${code(driver)}: ${md(title)}`,
    tried === '' ? 'Nothing of it has been tried yet.' : `Tried on ${tried}.`,
    demandsLines(evaluation, titleOf),
    ...(limits.length === 0
      ? []
      : [
          [
            'With limits:',
            '',
            ...limits.map(([key, { notes }]) => `- ${md(titleOf(key))} ${code(key)}: ${md(notes ?? '')}`),
          ].join('\n'),
        ]),
    ...missingLines(cells, titleOf),
  ];
}

/** Features that are missing for the same reason stand together. */
function missingLines(cells: readonly (readonly [string, MatrixCell])[], titleOf: TitleOf): string[] {
  const byReason = new Map<string, string[]>();
  for (const [key, cell] of cells) {
    if (shownLevel(cell) !== 'missing') continue;
    const reason = cell.notes ?? `declared ${cell.declared}, and proven to be missing`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), titleOf(key)]);
  }
  if (byReason.size === 0) return ['Nothing is missing.'];
  return [
    [
      'Missing:',
      '',
      ...[...byReason].map(([reason, titles]) => `- _${md(reason)}_: ${titles.map(md).join('; ')}`),
    ].join('\n'),
  ];
}

function meaningTable(features: readonly Feature[], titleOf: TitleOf): string {
  return table(
    ['feature', 'meaning', 'demanded', 'asked for with', 'OpenStack'],
    features.map((feature) => [
      `${md(feature.title)} ${code(feature.key)}`,
      md(feature.notes),
      md(demandText(feature, titleOf)),
      askedForWith(feature).map(code).join(', '),
      feature.cli.map(code).join(', '),
    ]),
  );
}
