import { LEVELS, LEVEL_NAMES, PROOFS } from '../words.js';
import { levelMarkup } from './level-markup.js';
import { markup, type Markup } from './markup.js';

/** What the words and signs of the page mean. */
export function legend(): Markup {
  return markup`<section class="legend" aria-labelledby="legend-title">
<h2 id="legend-title" class="unseen">What the words mean</h2>
<dl>
${LEVEL_NAMES.map((level) => markup`<div><dt>${levelMarkup(level)}</dt><dd>${LEVELS[level].meaning}</dd></div>\n`)}</dl>
<dl>
${Object.values(PROOFS).map(
  ({ sign, word, meaning }) =>
    markup`<div><dt class="proof"><span class="sign" aria-hidden="true">${sign}</span> ${word}</dt><dd>${meaning}</dd></div>\n`,
)}</dl>
<dl>
<div><dt>mandatory</dt><dd>every driver must have it, at least within limits</dd></div>
<div><dt>choice</dt><dd>at least one feature of its group must be there</dd></div>
<div><dt>condition</dt><dd>must be there where another feature is complete</dd></div>
</dl>
</section>`;
}
