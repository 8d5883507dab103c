import { byKind, groupsOf, titlesOf, type Feature, type Kind, type Matrix, type TitleOf } from '../matrix-parts.js';
import { aboutFeature } from './about-feature.js';
import { legend } from './legend.js';
import { powerTable, virtTable } from './matrix-tables.js';
import { markup, type Markup } from './markup.js';
import { pageOf } from './page-frame.js';

/** What the reader asked for, as it stands in the address. */
export type MatrixQuery = Readonly<Record<string, unknown>>;

export interface MatrixPageOptions {
  /** The way from the page's address to the root of the service: `../`. */
  readonly base: string;
  readonly query: MatrixQuery;
  /** The query as it stands in the address, with its question mark; empty without one. */
  readonly search: string;
}

/** The matrix for people: all drivers side by side, and below what each feature means. */
export function matrixPage(matrix: Matrix, { base, query, search }: MatrixPageOptions): string {
  const { catalogue, drivers, references, version } = matrix;
  const titleOf = titlesOf(catalogue);
  const tables = { virt: virtTable, power: powerTable };
  const forms = { json: `v1/features${search}`, markdown: `v1/features.md${search}` };
  const shown = byKind(drivers);
  const main = markup`<header class="matrix-head">
<h1>Feature matrix</h1>
<p>What every driver and power type of Zenova ${version} can do: what it declares, and what tests have proven of that. Each level leads to its evidence, each feature to what it means.
Whether a host has a feature now, <code>zenova features driver <i>NAME</i> --host <i>HOST</i></code> tells.</p>
<p class="forms">The same for programs: <a href="${base}${forms.json}">JSON</a>, with its <a href="${base}v1/features/schema.json">schema</a>; <a href="${base}${forms.markdown}">Markdown</a></p>
</header>
${legend()}
${questionMarkup(base, query, titleOf)}
${shown.length === 0 && markup`<p class="empty">No driver has all that is asked for.</p>`}
<div id="filters"></div>
${shown.map(
  ({ kind, title, drivers }) => markup`<section id="${kind}" class="drivers" aria-labelledby="${kind}-title">
<h2 id="${kind}-title">${title}</h2>
<div class="sheet">
${tables[kind]({ base, catalogue, drivers, references, titleOf })}
</div>
</section>
`,
)}
${
  shown.length > 0 &&
  about(
    catalogue,
    shown.map(({ kind }) => kind),
    titleOf,
  )
}`;
  return pageOf({ base, title: 'Feature matrix', forms, main });
}

/** Says that not all drivers are shown, and why. */
function questionMarkup(base: string, query: MatrixQuery, titleOf: TitleOf): Markup | false {
  if (Object.keys(query).length === 0) return false;
  const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  const having = list(query['having']);
  const level = query['level'] === 'complete' ? 'complete ' : '';
  const proven = query['proven'] === true ? `, proven${query['grade'] === 'live' ? ' live' : ''}` : '';
  const parts = [
    ...(query['kind'] === undefined ? [] : [query['kind'] === 'virt' ? 'virt drivers only' : 'power types only']),
    ...(query['drivers'] === undefined ? [] : [`of ${list(query['drivers']).join(', ')}`]),
    ...(having.length === 0 ? [] : [`having ${level}${having.map(titleOf).join(' and ')}${proven}`]),
  ];
  return markup`<p class="question"><strong>Not all are shown:</strong> ${parts.join('; ')}. <a href="${base}v1/features.html">Show all</a></p>`;
}

function about(catalogue: readonly Feature[], kinds: readonly Kind[], titleOf: TitleOf): Markup {
  return markup`<section class="abouts" aria-labelledby="abouts-title">
<h2 id="abouts-title">What the features mean</h2>
${kinds
  .flatMap((kind) => groupsOf(catalogue, kind))
  .map(
    ({ title, features }) => markup`<div class="about-group">
<h3>${title}</h3>
${features.map(
  (feature) => markup`<article id="about-${feature.key}" tabindex="-1">
<h4>${feature.title}</h4>
${aboutFeature(feature, titleOf)}
</article>
`,
)}</div>
`,
  )}</section>`;
}
