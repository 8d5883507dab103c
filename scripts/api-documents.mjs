/** Writes the documents for programs, of a service as it is configured by default: docs/openapi.json and docs/asyncapi.json. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { inCheckout } from './environment/checkout.mjs';

// Named at run time: a checkout that was never built has no dist, and its types are checked all the same.
/** @param {string} name */
const built = (name) => pathToFileURL(inCheckout('dist', 'documents', `${name}.js`)).href;
/** @type {{ openApi: () => object }} */
const { openApi } = await import(built('openapi'));
/** @type {{ asyncApi: () => object }} */
const { asyncApi } = await import(built('asyncapi'));

for (const [name, document] of Object.entries({ openapi: openApi(), asyncapi: asyncApi() })) {
  const text = await format(JSON.stringify(document), { parser: 'json', printWidth: 120 });
  writeFileSync(inCheckout('docs', `${name}.json`), text);
}
