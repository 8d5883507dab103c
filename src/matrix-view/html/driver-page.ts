import {
  KINDS,
  groupsOf,
  titlesOf,
  type Availability,
  type Driver,
  type DriverCell,
  type Feature,
  type TitleOf,
} from '../matrix-parts.js';
import { SCENARIO_KINDS, shownLevel } from '../words.js';
import { aboutFeature } from './about-feature.js';
import { demandsMarkup } from './demands.js';
import { levelMarkup, proofSentence } from './level-markup.js';
import { markup, type Markup } from './markup.js';
import { pageOf } from './page-frame.js';

export interface DriverPageOptions {
  /** The way from the page's address to the root of the service: `../../`. */
  readonly base: string;
  /** The query as it stands in the address, with its question mark; empty without one. */
  readonly search: string;
}

/** One driver for people: each feature with its level, its limits or reason, and its evidence in full. */
export function driverPage(answer: Driver, catalogue: readonly Feature[], { base, search }: DriverPageOptions): string {
  const { driver, title, kind, backends, evaluation, available } = answer;
  const titleOf = titlesOf(catalogue);
  const named = (key: string): Markup => markup`<a href="#${encodeURIComponent(key)}">${titleOf(key)}</a>`;
  const path = `v1/features/${encodeURIComponent(driver)}`;
  const main = markup`<header class="matrix-head">
<p><a href="${base}v1/features.html">Feature matrix</a></p>
<h1><span class="id">${driver}</span> ${title}</h1>
<p>${KINDS.find((one) => one.kind === kind)?.one}; ${
    backends.length === 0
      ? 'nothing of it has been tried yet'
      : `tried on ${backends.map(({ name, version, grade }) => `${name} ${version} (${grade})`).join(', ')}`
  }</p>
<p class="forms">The same for programs: <a href="${base}${path}${search}">JSON</a>, with its <a href="${base}v1/features/schema.json">schema</a>; <a href="${base}${path}.md${search}">Markdown</a></p>
</header>
<section class="demands" aria-labelledby="demands-title">
<h2 id="demands-title">What the matrix demands</h2>
${demandsMarkup(evaluation, named, titleOf)}
</section>
${available !== undefined && availabilityMarkup(available)}
${groupsOf(catalogue, kind).map(
  (group) => markup`<section class="abouts" aria-labelledby="group-${group.id}">
<h2 id="group-${group.id}">${group.title}</h2>
${group.features.map((feature) => featureMarkup(feature, answer.features[feature.key], titleOf, available))}</section>
`,
)}`;
  return pageOf({ base, title: driver, forms: { json: path, markdown: `${path}.md` }, main });
}

function featureMarkup(
  feature: Feature,
  cell: DriverCell | undefined,
  titleOf: TitleOf,
  available: Availability | undefined,
): Markup {
  return markup`<article id="${feature.key}" tabindex="-1">
<h3>${feature.title}</h3>
${
  cell !== undefined &&
  markup`<p class="big">${levelMarkup(shownLevel(cell))} ${proofSentence(cell)}</p>
${cell.notes !== null && markup`<p class="note"><strong>${cell.declared === 'missing' ? 'Why' : 'Limits'}:</strong> ${cell.notes}</p>\n`}${nowMarkup(feature.key, available)}`
}${cell !== undefined && evidenceMarkup(feature, cell)}
${aboutFeature(feature, titleOf)}</article>
`;
}

function evidenceMarkup({ title }: Feature, { scenarios }: DriverCell): Markup {
  if (scenarios.length === 0) return markup`<p class="quiet">No evidence: no test has tried it yet.</p>`;
  return markup`<table class="evidence" role="table">
<caption><span class="unseen">${title}: </span>Evidence</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Test</th><th role="columnheader" scope="col">Shows that</th><th role="columnheader" scope="col">Result</th><th role="columnheader" scope="col">On</th></tr></thead>
<tbody role="rowgroup">
${scenarios.map(
  ({
    id,
    title,
    kind,
    result,
    grade,
    backend,
  }) => markup`<tr role="row"><th role="rowheader" scope="row">${title} <span class="id">${id}</span></th>
<td role="cell" data-name="Shows that">${SCENARIO_KINDS[kind]}</td>
<td role="cell" data-name="Result"><span class="result ${result}"><span class="sign" aria-hidden="true">${RESULT_SIGNS[result]}</span> ${result}</span></td>
<td role="cell" data-name="On">${backend} <span class="quiet">${grade}</span></td></tr>
`,
)}</tbody>
</table>`;
}

const RESULT_SIGNS = { passed: '✓', failed: '✕', skipped: '–' } as const;

function availabilityMarkup({ host, reachable, backend, error, observed_at: seen, features }: Availability): Markup {
  const gone = Object.values(features).filter(({ available }) => !available).length;
  return markup`<section aria-labelledby="available-title">
<h2 id="available-title">Now, on ${host}</h2>
<p>${reachable ? `${backend ?? 'The host'} answered at ${seen}; ${gone === 0 ? 'it has all that the driver can do' : `${gone} of ${Object.keys(features).length} features are not there now`}.` : markup`It cannot be asked: ${error?.code} ${error?.message}`}</p>
</section>`;
}

function nowMarkup(feature: string, available: Availability | undefined): Markup | false {
  const now = available?.features[feature];
  if (available === undefined || now === undefined) return false;
  return markup`<p class="now"><strong>Now, on ${available.host}:</strong> ${now.available ? 'available' : `not available${now.reason === null ? '' : `: ${now.reason}`}`}</p>\n`;
}
