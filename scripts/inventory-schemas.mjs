/** Writes the JSON schemas by which editors check inventories, from the schemas that the simulators check them with. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { hmcInventoryJsonSchema } from '../dist/simulators/hmc/index.js';
import { inCheckout } from './environment/checkout.mjs';

const file = inCheckout('simulators', 'hmc', 'inventory.schema.json');
writeFileSync(file, await format(JSON.stringify(hmcInventoryJsonSchema()), { parser: 'json', printWidth: 120 }));
