import {
  byKind,
  groupsOf,
  proofOf,
  shortcomingsOf,
  shownLevel,
  statusWord,
  type Driver,
  type Feature,
  type Matrix,
  type MatrixCell,
  type MatrixDriver,
} from '../matrix-view/index.js';
import type { TableView } from './table.js';

/** Behind a level. What is proven on a simulator, as most is, has no mark. */
const MARKS = { live: '*', simulator: '', none: '?' } as const;

const LEGEND =
  'complete, partial (within limits), missing. * proven on the product itself, ? declared and not proven; what has no mark is proven on a simulator.';

/** The matrix: virt drivers side by side, power types below each other, then limits and what is demanded. */
export function matrixView({ catalogue, drivers }: Matrix): TableView {
  if (drivers.length === 0) return text('No driver has all that is asked for.');
  const tables = byKind(drivers).map(({ kind, drivers: own }) => {
    const features = groupsOf(catalogue, kind).flatMap(({ features }) => features);
    return kind === 'virt' ? byFeature(features, own) : byDriver(features, own);
  });
  const limits = drivers.flatMap(({ driver, features }) =>
    Object.entries(features)
      .filter(([, cell]) => shownLevel(cell) === 'partial')
      .map(([feature, { notes }]) => [driver, feature, notes]),
  );
  return {
    kind: 'parts',
    parts: [
      ...tables,
      ...(limits.length === 0 ? [] : [list(['driver', 'feature', 'limits'], limits)]),
      list(
        ['driver', 'demands', 'proven', 'lacks'],
        drivers.map((driver) => [driver.driver, ...demandsOf(driver)]),
      ),
      text(LEGEND),
    ],
  };
}

/** One driver: each feature with what proves it, and its limits or reason. */
export function driverView(driver: Driver): TableView {
  const { features, available } = driver;
  const [demands, proven, lacks] = demandsOf(driver);
  const rows = Object.entries(features).map(([key, cell]) => {
    const now = available?.features[key];
    return [
      key,
      levelText(cell),
      ...(available === undefined ? [] : [nowText(now)]),
      provenOn(cell.scenarios),
      [cell.notes, now?.reason].filter((note) => typeof note === 'string').join('; '),
    ];
  });
  return {
    kind: 'parts',
    parts: [
      list(
        [
          'feature',
          'level',
          ...(available === undefined ? [] : [`now on ${available.host}`]),
          'tried on',
          'limits or reason',
        ],
        rows,
      ),
      ...(available === undefined || available.error === null
        ? []
        : [text(`${available.host} cannot be asked: ${available.error.message}`)]),
      {
        kind: 'facts',
        facts: [
          ['demands', demands],
          ['proven', proven],
          ['lacks', lacks],
        ],
      },
      text(LEGEND),
    ],
  };
}

function byFeature(features: readonly Feature[], drivers: readonly MatrixDriver[]): TableView {
  return {
    ...list(
      ['feature', 'status', ...drivers.map(({ driver }) => driver)],
      features.map((feature) => [
        feature.key,
        statusWord(feature),
        ...drivers.map(({ features }) => levelText(features[feature.key])),
      ]),
    ),
    keys: 2,
  };
}

/** There are many power types, with few features each. */
function byDriver(features: readonly Feature[], drivers: readonly MatrixDriver[]): TableView {
  return {
    ...list(
      ['power type', ...features.map(({ key }) => key.replace(/^power\./, ''))],
      drivers.map(({ driver, features: cells }) => [driver, ...features.map(({ key }) => levelText(cells[key]))]),
    ),
    keys: 1,
  };
}

function levelText(cell: Pick<MatrixCell, 'level' | 'declared' | 'grade'> | undefined): string {
  return cell === undefined ? '' : `${shownLevel(cell)}${MARKS[proofOf(cell)]}`;
}

function nowText(now: { readonly available: boolean } | undefined): string {
  return now === undefined ? '' : now.available ? 'yes' : 'no';
}

function provenOn(scenarios: Driver['features'][string]['scenarios']): string | null {
  const failed = scenarios.filter(({ result }) => result !== 'passed').length;
  const backends = [...new Set(scenarios.map(({ backend }) => backend))].join(', ');
  if (scenarios.length === 0) return null;
  return failed === 0 ? backends : `${backends} (${failed} of ${scenarios.length} not passed)`;
}

function demandsOf({ evaluation: { declared, proven } }: Pick<Driver, 'evaluation'>): [string, string, string | null] {
  const lacks = shortcomingsOf(declared, (key) => key).map(({ text, features }) =>
    features.length === 0 ? text : `${text}: ${features.join(', ')}`,
  );
  return [declared.satisfied ? 'met' : 'not met', proven.satisfied ? 'yes' : 'no', lacks.join('; ') || null];
}

function text(text: string): TableView {
  return { kind: 'text', text };
}

function list(head: readonly string[], rows: Extract<TableView, { kind: 'list' }>['rows']) {
  return { kind: 'list', head, rows } as const;
}
