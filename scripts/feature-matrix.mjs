/** Writes the page of the documentation that has the feature matrix, from what drivers declare and from the evidence. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { inCheckout } from './environment/checkout.mjs';

// Named at run time: a checkout that was never built has no dist, and its types are checked all the same.
const page = pathToFileURL(inCheckout('dist', 'feature-matrix-page.js')).href;
/** @type {{ featureMatrixPage: () => string }} */
const { featureMatrixPage } = await import(page);

const text = await format(featureMatrixPage(), { parser: 'markdown', printWidth: 120 });
writeFileSync(inCheckout('docs', 'feature-matrix.md'), text);
