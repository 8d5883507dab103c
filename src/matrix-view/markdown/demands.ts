import type { MatrixDriver, TitleOf } from '../matrix-parts.js';
import { shortcomingsOf } from '../words.js';
import { md } from './text.js';

/** Whether a driver has what the matrix demands, by what it declares and by what is proven. */
export function demandsLines({ declared, proven }: MatrixDriver['evaluation'], titleOf: TitleOf): string {
  const lacks = shortcomingsOf(declared, titleOf).map(
    ({ text, features }) =>
      `- ${md(text)}${features.length === 0 ? '' : `: ${features.map((key) => md(titleOf(key))).join(', ')}`}`,
  );
  const verdict = `What the matrix demands is ${declared.satisfied ? 'met' : '**not met**'}${
    proven.satisfied ? ', and proven' : declared.satisfied ? ', and not all of it is proven' : ''
  }${lacks.length === 0 ? '.' : ':'}`;
  return lacks.length === 0 ? verdict : `${verdict}\n\n${lacks.join('\n')}`;
}
