import { markup, type Markup } from './markup.js';

/** A page for people, around what it shows. */
export interface PageFrame {
  /** The way from the page's address to the root of the service: `../`. */
  readonly base: string;
  readonly title: string;
  /** The same as data and as Markdown, by their addresses from the root; none for a page that tells what went wrong. */
  readonly forms?: { readonly json: string; readonly markdown: string };
  readonly main: Markup;
}

/** The whole page. All that it needs is ours, and lies under `/ui`; without scripts it can be read all the same. */
export function pageOf({ base, title, forms, main }: PageFrame): string {
  return String(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Zenova</title>
<link rel="icon" href="${base}ui/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}ui/page.css">
<link rel="stylesheet" href="${base}ui/matrix.css">
${
  forms !== undefined &&
  markup`<link rel="alternate" type="application/json" href="${base}${forms.json}">
<link rel="alternate" type="text/markdown" href="${base}${forms.markdown}">
`
}<script type="module" src="${base}ui/matrix.mjs"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar">
<p class="brand"><img src="${base}ui/icon.svg" alt="" width="20" height="20">Zenova</p>
<nav class="views" aria-label="Views">
<a href="${base}ui#operations">Operations</a>
<a href="${base}ui#hosts">Hosts</a>
<a href="${base}ui#machines">Machines</a>
<a href="${base}v1/features.html" aria-current="${forms?.json === 'v1/features' ? 'page' : 'true'}">Features</a>
</nav>
</header>
<main id="main" tabindex="-1">
${main}
</main>
<dialog class="drawer" id="drawer" aria-labelledby="drawer-title">
<div class="tools">
<h2 id="drawer-title" tabindex="-1"></h2>
<button type="button" id="drawer-close">Close</button>
</div>
<div id="drawer-body"></div>
</dialog>
</body>
</html>
`);
}

/** The address of a driver's page, or of one feature on it. */
export function driverHref(
  base: string,
  { driver, kind }: { readonly driver: string; readonly kind: 'virt' | 'power' },
  feature?: string,
): string {
  // A power type may be called as a virt driver is.
  const page = `${base}v1/features/${encodeURIComponent(driver)}.html${kind === 'power' ? '?kind=power' : ''}`;
  return feature === undefined ? page : `${page}#${encodeURIComponent(feature)}`;
}
