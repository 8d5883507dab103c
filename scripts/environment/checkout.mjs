import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @param {string[]} path relative to the checkout
 * @returns {string} absolute
 */
export const inCheckout = (...path) => join(root, ...path);
