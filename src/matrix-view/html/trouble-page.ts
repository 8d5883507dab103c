import type { WireError } from '../../common/errors/index.js';
import { markup } from './markup.js';
import { pageOf } from './page-frame.js';

/** What went wrong, in the words of the service's errors where it has one. */
export type Trouble = Pick<WireError, 'code' | 'message'> | { readonly message: string };

/**
 * Why there is nothing to see. Where another caller could see it, the page asks for a token, and shows what the service
 * has for whoever has that.
 */
export function troublePage(
  base: string,
  trouble: Trouble,
  { asksForToken }: { readonly asksForToken: boolean },
): string {
  const main = markup`<header class="matrix-head">
<h1>Feature matrix</h1>
</header>
<div class="trouble">
${'code' in trouble && markup`<p class="id">${trouble.code}</p>\n`}<p>${trouble.message}</p>
</div>
${asksForToken ? markup`<div id="token-place"></div>\n<noscript><p class="empty">Without JavaScript this page cannot send a token; <code>zenova features</code> shows the same.</p></noscript>` : markup`<p class="more"><a href="${base}v1/features.html">Show the whole matrix</a></p>`}`;
  return pageOf({ base, title: 'Feature matrix', main });
}
