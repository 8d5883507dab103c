/** Writes the page of the documentation that lists all metrics, from the metrics themselves. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { inCheckout } from './environment/checkout.mjs';

// Named at run time: a checkout that was never built has no dist, and its types are checked all the same.
/** @type {{ metricsPage: () => string }} */
const { metricsPage } = await import(pathToFileURL(inCheckout('dist', 'observation', 'index.js')).href);

writeFileSync(inCheckout('docs', 'metrics.md'), await format(metricsPage(), { parser: 'markdown', printWidth: 120 }));
