/** Writes the JSON schemas by which editors check inventories, from the schemas that the simulators check them with. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { inCheckout } from './environment/checkout.mjs';

// Named at run time: a checkout that was never built has no dist, and its types are checked all the same.
const simulator = (/** @type {string} */ name) =>
  pathToFileURL(inCheckout('dist', 'simulators', name, 'index.js')).href;
/** @type {{ hmcInventoryJsonSchema: () => object }} */
const { hmcInventoryJsonSchema } = await import(simulator('hmc'));
/** @type {{ webhookInventoryJsonSchema: () => object }} */
const { webhookInventoryJsonSchema } = await import(simulator('webhook'));

for (const [name, schema] of Object.entries({ hmc: hmcInventoryJsonSchema(), webhook: webhookInventoryJsonSchema() })) {
  const file = inCheckout('simulators', name, 'inventory.schema.json');
  writeFileSync(file, await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 }));
}
