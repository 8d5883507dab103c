import type { Evaluation, MatrixDriver, TitleOf } from '../matrix-parts.js';
import { counted, shortcomingsOf, type Shortcoming } from '../words.js';
import { markup, type Markup } from './markup.js';

/** How the page speaks of a feature: a link to it, or its title. */
export type FeatureName = (key: string) => Markup;

/** Whether a driver has what the matrix demands, and what it lacks: by what it declares, and by what is proven. */
export function demandsMarkup(
  { declared, proven }: MatrixDriver['evaluation'],
  nameOf: FeatureName,
  titleOf: TitleOf,
): Markup {
  return markup`${verdict(declared)}${list(shortcomingsOf(declared, titleOf), nameOf)}${provenMarkup(declared, proven, nameOf)}`;
}

function verdict({ satisfied, mandatory_with_limits }: Evaluation): Markup {
  if (!satisfied) return markup`<p class="verdict missing"><span class="sign" aria-hidden="true">✕</span> not met</p>`;
  return mandatory_with_limits.length === 0
    ? markup`<p class="verdict complete"><span class="sign" aria-hidden="true">✓</span> all met</p>`
    : markup`<p class="verdict partial"><span class="sign" aria-hidden="true">◐</span> met, with limits</p>`;
}

function list(shortcomings: readonly Shortcoming[], nameOf: FeatureName): Markup | false {
  if (shortcomings.length === 0) return false;
  return markup`<ul class="lacks">${shortcomings.map(
    ({ kind, text, features }) =>
      markup`<li class="${kind}">${text}${features.length > 0 && markup`: ${joined(features.map(nameOf))}`}</li>`,
  )}</ul>`;
}

/** Only what is declared and not proven: what is not even declared stands there already. */
function provenMarkup(declared: Evaluation, proven: Evaluation, nameOf: FeatureName): Markup | false {
  const features = (one: Evaluation): string[] => [
    ...one.mandatory_missing,
    ...one.choices_without_member,
    ...one.conditions_violated.map(({ feature }) => feature),
  ];
  const known = new Set(features(declared));
  const unproven = features(proven).filter((feature) => !known.has(feature));
  if (unproven.length === 0) return declared.satisfied && markup`<p class="proof">and all of it is proven</p>`;
  const mandatory = proven.mandatory_missing.filter((feature) => !known.has(feature));
  const choices = unproven.length - mandatory.length;
  const parts = [
    ...(mandatory.length > 0
      ? [markup`${counted(mandatory.length, 'mandatory feature')} (${joined(mandatory.map(nameOf))})`]
      : []),
    ...(choices > 0 ? [markup`${counted(choices, 'choice')}`] : []),
  ];
  return markup`<p class="proof none">not proven: ${joined(parts)}</p>`;
}

function joined(parts: readonly Markup[]): Markup {
  return markup`${parts.map((part, index) => markup`${index > 0 && ', '}${part}`)}`;
}
