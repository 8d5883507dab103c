import type { Feature, Matrix, MatrixCell, MatrixDriver, Reference, TitleOf } from '../matrix-parts.js';
import { groupsOf } from '../matrix-parts.js';
import { counted, shownLevel, statusWord } from '../words.js';
import { demandsMarkup } from './demands.js';
import { cellAttributes, levelMarkup, proofWord } from './level-markup.js';
import { markup, type Markup } from './markup.js';
import { driverHref } from './page-frame.js';

/** Column of what others say of theirs. */
const REFERENCE = 'reference:';

interface TableParts {
  readonly base: string;
  readonly catalogue: readonly Feature[];
  readonly drivers: readonly MatrixDriver[];
  readonly references: Matrix['references'];
  readonly titleOf: TitleOf;
}

/** Virt drivers side by side: a row for each feature, a column for each driver. */
export function virtTable({ base, catalogue, drivers, references, titleOf }: TableParts): Markup {
  const columns = Object.entries(references);
  const width = 1 + drivers.length + columns.length;
  return markup`<table class="matrix by-feature" role="table" aria-labelledby="virt-title">
<thead role="rowgroup">
<tr role="row">
<th role="columnheader" scope="col" class="w-feature">Feature</th>
${drivers.map((driver) => markup`<th role="columnheader" scope="col" data-driver="${driver.driver}">${driverHead(base, driver)}</th>\n`)}${columns.map(
    ([id]) =>
      markup`<th role="columnheader" scope="col" data-driver="${REFERENCE}${id}" class="reference">Reference</th>\n`,
  )}</tr>
</thead>
<tbody role="rowgroup">
<tr role="row" class="facts">
<th role="rowheader" scope="row">What it is for</th>
${drivers.map((driver) => markup`<td role="cell" data-driver="${driver.driver}" data-name="${driver.driver}">${driverFacts(driver)}</td>\n`)}${columns.map(
    ([id, { title }]) =>
      markup`<td role="cell" data-driver="${REFERENCE}${id}" class="reference" data-name="Reference"><span class="title">${title}</span></td>\n`,
  )}</tr>
<tr role="row" class="demands">
<th role="rowheader" scope="row">What the matrix demands</th>
${drivers.map(
  ({ driver, evaluation }) =>
    markup`<td role="cell" data-driver="${driver}" data-name="${driver}">${demandsMarkup(evaluation, linkTo(titleOf), titleOf)}</td>\n`,
)}${columns.map(([id]) => markup`<td role="cell" data-driver="${REFERENCE}${id}" class="reference" data-name="Reference"><span class="quiet">not held against it</span></td>\n`)}</tr>
</tbody>
${groupsOf(catalogue, 'virt').map(
  ({ id, title, features }) => markup`<tbody role="rowgroup" data-group="${id}">
<tr role="row" class="group"><th role="rowheader" scope="rowgroup" colspan="${width}">${title}</th></tr>
${features.map(
  (
    feature,
  ) => markup`<tr role="row" data-feature="${feature.key}" data-status="${statusWord(feature)}" id="row-${feature.key}">
<th role="rowheader" scope="row">${featureHead(feature)}</th>
${drivers.map((driver) => cell(base, driver, feature))}${columns.map(([id, reference]) => referenceCell(id, reference, feature))}</tr>
`,
)}</tbody>
`,
)}</table>`;
}

/** Power types, of which there are many, and which have few features: a row for each type. */
export function powerTable({ base, catalogue, drivers, titleOf }: TableParts): Markup {
  const features = groupsOf(catalogue, 'power').flatMap(({ features }) => features);
  return markup`<table class="matrix by-driver" role="table" aria-labelledby="power-title">
<thead role="rowgroup">
<tr role="row">
<th role="columnheader" scope="col" class="w-feature">Power type</th>
<th role="columnheader" scope="col" class="w-demands">What the matrix demands</th>
${features.map(
  (feature) =>
    markup`<th role="columnheader" scope="col" data-feature="${feature.key}" data-status="${statusWord(feature)}">${featureHead(feature)}</th>\n`,
)}</tr>
</thead>
<tbody role="rowgroup">
${drivers.map(
  (driver) => markup`<tr role="row" data-driver="${driver.driver}">
<th role="rowheader" scope="row">${driverHead(base, driver)} ${driverFacts(driver)}</th>
<td role="cell" class="demands" data-name="What the matrix demands">${demandsMarkup(driver.evaluation, linkTo(titleOf), titleOf)}</td>
${features.map((feature) => cell(base, driver, feature, feature.title))}</tr>
`,
)}</tbody>
</table>`;
}

function driverHead(base: string, driver: MatrixDriver): Markup {
  return markup`<a href="${driverHref(base, driver)}" class="id">${driver.driver}</a>`;
}

/** What a driver is, and what its features were tried on. */
function driverFacts({ title, backends }: MatrixDriver): Markup {
  return markup`<span class="title">${title}</span>${
    backends.length === 0
      ? markup` <span class="backend">not tried yet</span>`
      : backends.map(({ name, version }) => markup` <span class="backend">tried on ${name} ${version}</span>`)
  }`;
}

function featureHead(feature: Feature): Markup {
  const status = statusWord(feature);
  return markup`<a href="#about-${feature.key}" data-about="${feature.key}">${feature.title}</a> <span class="id">${feature.key}</span>${
    status !== 'optional' && markup` <span class="status">${status}</span>`
  }`;
}

/** @param name what stands before the cell where there is no room for a head: by default the driver's name */
function cell(base: string, driver: MatrixDriver, { key, title }: Feature, name = driver.driver): Markup {
  const known: MatrixCell | undefined = driver.features[key];
  if (known === undefined)
    return markup`<td role="cell" data-driver="${driver.driver}" data-feature="${key}" data-name="${name}"></td>\n`;
  const tests = known.scenarios.length;
  return markup`<td role="cell" ${cellAttributes(driver.driver, key, known)} data-name="${name}"><a href="${driverHref(base, driver, key)}" data-evidence><span class="unseen">${title}, ${driver.driver}: </span>${levelMarkup(shownLevel(known))}</a> ${proofWord(known)}${tests > 0 && markup` <span class="tests">${counted(tests, 'test')}</span>`}${
    known.notes !== null && markup` <span class="note">${known.notes}</span>`
  }</td>\n`;
}

function referenceCell(id: string, { features }: Reference, { key }: Feature): Markup {
  const level = features[key];
  return markup`<td role="cell" class="reference${level === undefined && ' none'}" data-driver="${REFERENCE}${id}" data-feature="${key}"${
    level !== undefined && markup` data-level="${level}"`
  } data-name="Reference">${level === undefined ? markup`<span class="quiet">says nothing</span>` : levelMarkup(level)}</td>\n`;
}

function linkTo(titleOf: TitleOf) {
  return (key: string): Markup => markup`<a href="#about-${key}" data-about="${key}">${titleOf(key)}</a>`;
}
