/** Arrow keys go from cell to cell; Tab goes on as everywhere. */

const STEPS = /** @type {Readonly<Record<string, readonly [rows: number, columns: number]>>} */ ({
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
});

export function initKeys() {
  document.addEventListener('keydown', (event) => {
    const step = Object.hasOwn(STEPS, event.key) ? STEPS[event.key] : undefined;
    const { target } = event;
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const cell = target instanceof Element ? target.closest('table.matrix td, table.matrix th') : null;
    const next = cell === null ? undefined : neighbour(cell, step);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  });
}

/**
 * The link of the nearest cell in a direction that has one.
 *
 * @param {Element} cell @param {readonly [rows: number, columns: number]} step
 * @returns {HTMLElement | undefined}
 */
function neighbour(cell, [rows, columns]) {
  const grid = [...(cell.closest('table')?.querySelectorAll('tr') ?? [])]
    .map((row) => [...row.children].filter(isShown))
    .filter((row) => row.length > 1);
  let y = grid.findIndex((row) => row.includes(cell));
  let x = grid[y]?.indexOf(cell) ?? -1;
  for (;;) {
    y += rows;
    x += columns;
    const next = grid[y]?.[x];
    if (next === undefined) return undefined;
    const link = next.querySelector('a');
    if (link !== null) return link;
  }
}

/** @param {Element} element */
function isShown(element) {
  return element instanceof HTMLElement && element.offsetParent !== null;
}
