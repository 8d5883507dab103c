import { checkControls } from './controls.mjs';
import { checkOrder } from './order.mjs';
import { checkOutcomes } from './outcomes.mjs';
import { checkParents } from './parents.mjs';
import { checkWrites } from './writes.mjs';

/**
 * Every way in which a run broke the promises of the service. docs/torture.md lists the rules by name.
 *
 * @param {import('./history.js').History} history
 * @returns {import('./history.js').Violation[]}
 */
export function check(history) {
  return [
    ...checkOutcomes(history),
    ...checkWrites(history),
    ...checkOrder(history),
    ...checkControls(history),
    ...checkParents(history),
    ...history.leftovers.map(({ kind, what }) => ({ rule: `${kind}-left`, what, evidence: [] })),
  ];
}
