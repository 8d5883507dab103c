import type { Feature, TitleOf } from '../matrix-parts.js';
import { askedForWith, demandText } from '../words.js';
import { markup, type Markup } from './markup.js';

/** What a feature means, what is demanded of it, and how it is asked for. */
export function aboutFeature(feature: Feature, titleOf: TitleOf): Markup {
  const asked = askedForWith(feature);
  const { condition } = feature;
  return markup`<p class="meaning">${feature.notes}</p>
<dl>
<dt>Feature</dt><dd class="id">${feature.key}</dd>
<dt>Status</dt><dd>${demandText(feature, titleOf)}${
    condition !== null &&
    condition.printed !== condition.enforced &&
    markup`; its source prints <code>${condition.printed}</code>, and <code>${condition.enforced}</code> is what counts`
  }</dd>
<dt>Asked for with</dt><dd>${
    asked.length === 0
      ? 'no request'
      : asked.map((text, index) => markup`${index > 0 && ', '}<span class="id">${text}</span>`)
  }</dd>
${
  feature.cli.length > 0 &&
  markup`<dt>OpenStack</dt><dd>${feature.cli.map((text, index) => markup`${index > 0 && markup`<br>`}<span class="id">${text}</span>`)}</dd>\n`
}</dl>`;
}
