/** Writes the JSON schemas by which editors check inventories, from the schemas that the simulators check them with. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { inCheckout } from './environment/checkout.mjs';

// Named at run time: a checkout that was never built has no dist, and its types are checked all the same.
const simulator = pathToFileURL(inCheckout('dist', 'simulators', 'hmc', 'index.js')).href;
/** @type {{ hmcInventoryJsonSchema: () => object }} */
const { hmcInventoryJsonSchema } = await import(simulator);

const file = inCheckout('simulators', 'hmc', 'inventory.schema.json');
writeFileSync(file, await format(JSON.stringify(hmcInventoryJsonSchema()), { parser: 'json', printWidth: 120 }));
