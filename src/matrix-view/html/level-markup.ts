import type { MatrixCell } from '../matrix-parts.js';
import { LEVELS, PROOFS, differenceText, proofOf, shownLevel } from '../words.js';
import { markup, type Markup } from './markup.js';

/** A level with its sign. */
export function levelMarkup(level: MatrixCell['declared']): Markup {
  return markup`<span class="level ${level}"><span class="sign" aria-hidden="true">${LEVELS[level].sign}</span> ${level}</span>`;
}

type Proved = Pick<MatrixCell, 'level' | 'declared' | 'proven' | 'grade'>;

/** How the level of a cell is proven, in a word. */
export function proofWord(cell: Proved): Markup {
  return proofMarkup(cell, 'word');
}

/** The same in a sentence. */
export function proofSentence(cell: Proved): Markup {
  return proofMarkup(cell, 'text');
}

/** With what is declared, where that is another level than is proven. */
function proofMarkup(cell: Proved, length: 'word' | 'text'): Markup {
  const proof = proofOf(cell);
  const difference = differenceText(cell);
  return markup`<span class="proof ${proof}"><span class="sign" aria-hidden="true">${PROOFS[proof].sign}</span> ${PROOFS[proof][length]}</span>${
    difference !== null && markup` <span class="difference">${difference}</span>`
  }`;
}

/** What a cell is, for style sheets and scripts. */
export function cellAttributes(driver: string, feature: string, cell: MatrixCell): Markup {
  return markup`data-driver="${driver}" data-feature="${feature}" data-level="${shownLevel(cell)}" data-proof="${proofOf(cell)}"`;
}
