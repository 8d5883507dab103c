import { byId, el, setText } from './dom.mjs';
import { amendView, readView } from './matrix-address.mjs';

/**
 * What of the matrix is shown. The tables are those that the service has sent; filters only hide parts of them.
 *
 * @typedef {import('./matrix-address.mjs').View} View
 * @typedef {{ id: string, text: string, status: string, title: string }} Row a feature, or a driver
 */

const REFERENCE = 'reference:';
const STATUSES = ['mandatory', 'choice', 'condition', 'optional'];

/** @type {{ apply: () => void }} */
let filters = { apply: () => {} };

/** Adds the controls, and shows what the address says. */
export function initFilters() {
  const tables = [...document.querySelectorAll('table.matrix')].map((table) => new FilteredTable(table));
  if (tables.length === 0) return;
  const find = el('input', {
    type: 'search',
    size: '18',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'volume, console …',
  });
  const status = el('select', {}, el('option', { value: '' }, 'any'), ...STATUSES.map((one) => el('option', {}, one)));
  const differences = el('input', { type: 'checkbox' });
  const proven = el('input', { type: 'checkbox' });
  const drivers = tables.flatMap((table) => table.drivers);
  const boxes = drivers.map(({ id, title }) => ({ id, title, box: el('input', { type: 'checkbox', value: id }) }));
  const chosen = el('summary', {});
  const count = el('p', { class: 'quiet', role: 'status' });
  const nothing = el('p', { class: 'empty', hidden: true }, 'Nothing is left. ');
  const clear = () =>
    el(
      'button',
      { type: 'button', onclick: () => show({ find: '', status: '', drivers: [], differences: false, proven: false }) },
      'Show everything',
    );
  const clearAll = clear();
  nothing.append(clear());

  const read = () => ({
    find: find.value,
    status: status.value,
    drivers: boxes.filter(({ box }) => box.checked).map(({ id }) => id),
    differences: differences.checked,
    proven: proven.checked,
  });
  /** @param {Omit<View, 'open'>} view */
  const write = (view) => {
    if (find.value !== view.find) find.value = view.find;
    status.value = view.status;
    differences.checked = view.differences;
    proven.checked = view.proven;
    for (const { id, box } of boxes) box.checked = view.drivers.includes(id);
  };
  /** @param {Omit<View, 'open'>} view */
  const show = (view) => {
    write(view);
    amendView(view);
    apply();
  };
  const apply = () => {
    const view = readView();
    write(view);
    const names = boxes.filter(({ box }) => box.checked).map(({ title }) => title);
    setText(
      chosen,
      `Drivers: ${names.length === 0 ? 'all' : names.length > 2 ? `${names.length} of ${boxes.length}` : names.join(', ')}`,
    );
    for (const table of tables) table.show(view);
    const features = new Set(tables.flatMap((table) => [...table.shownFeatures]));
    showAbouts(features);
    nothing.hidden = features.size > 0;
    const all = tables.flatMap((table) => table.features).length;
    setText(count, `${features.size} of ${all} features`);
    const { open: _, ...filter } = view;
    clearAll.hidden = Object.values(filter).every(
      (value) => value === '' || value === false || (Array.isArray(value) && value.length === 0),
    );
  };
  filters = { apply };

  const changed = () => show(read());
  const form = el(
    'form',
    { class: 'tools', role: 'search', 'aria-label': 'Features', onsubmit: (event) => event.preventDefault() },
    el('label', {}, 'Find ', find),
    el('label', {}, 'Status ', status),
    el(
      'details',
      { class: 'picker' },
      chosen,
      el(
        'fieldset',
        {},
        el('legend', { class: 'unseen' }, 'Show only these drivers'),
        ...boxes.map(({ title, box }) => el('label', {}, box, ` ${title}`)),
      ),
    ),
    el('label', {}, differences, ' Only differences'),
    el('label', {}, proven, ' Only proven'),
    clearAll,
    count,
  );
  form.addEventListener('input', changed);
  byId('filters', HTMLElement).replaceChildren(form, nothing);
  closeElsewhere(form);
  apply();
}

/** Shows what the address says. */
export function applyFilters() {
  filters.apply();
}

/** The list of drivers lies over the table until the reader goes on. @param {HTMLElement} form */
function closeElsewhere(form) {
  const picker = form.querySelector('details');
  if (picker === null) return;
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !picker.contains(target)) picker.open = false;
  });
  picker.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !picker.contains(relatedTarget)) picker.open = false;
  });
  picker.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !picker.open) return;
    picker.open = false;
    picker.querySelector('summary')?.focus();
  });
}

/** @param {ReadonlySet<string>} features */
function showAbouts(features) {
  for (const article of document.querySelectorAll('.about-group article'))
    if (article instanceof HTMLElement) article.hidden = !features.has(article.id.replace('about-', ''));
  for (const group of document.querySelectorAll('.about-group'))
    if (group instanceof HTMLElement) group.hidden = group.querySelector('article:not([hidden])') === null;
  const abouts = document.querySelector('.abouts');
  if (abouts instanceof HTMLElement) abouts.hidden = features.size === 0;
}

/** A table of the page, with features on one side and drivers on the other. */
class FilteredTable {
  /** @param {Element} table */
  constructor(table) {
    this.table = table;
    /** What belongs to a feature or a driver. @type {HTMLElement[]} */
    this.parts = [...table.querySelectorAll('[data-feature], [data-driver]')].filter(
      (part) => part instanceof HTMLElement,
    );
    /** @type {Row[]} */
    this.features = this.parts
      .filter(({ dataset }) => dataset['status'] !== undefined)
      .map((part) => rowOf(part, part.dataset['feature']));
    /** @type {Row[]} */
    this.drivers = this.parts
      .filter(({ dataset, tagName }) => dataset['feature'] === undefined && tagName !== 'TD')
      .map((part) => rowOf(part, part.dataset['driver']));
    /** @type {Map<string, HTMLElement[]>} */
    this.cells = new Map(
      this.features.map(({ id }) => [
        id,
        this.parts.filter(({ dataset }) => dataset['feature'] === id && dataset['level'] !== undefined),
      ]),
    );
    /** @type {ReadonlySet<string>} */
    this.shownFeatures = new Set();
  }

  /** @param {View} view */
  show({ find, status, drivers, differences, proven }) {
    const wanted = find.trim().toLowerCase();
    const isFound = (/** @type {Row} */ { text }) => text.includes(wanted);
    // A text that no feature has may be the name of a driver.
    const isOfDrivers = wanted !== '' && !this.features.some(isFound) && this.drivers.some(isFound);
    const shownDrivers = new Set(
      this.drivers
        .filter(({ id }) => drivers.length === 0 || drivers.includes(id))
        .filter(({ id }) => !proven || !id.startsWith(REFERENCE))
        .filter((driver) => !isOfDrivers || isFound(driver))
        .map(({ id }) => id),
    );
    const cellsOf = (/** @type {string} */ id) =>
      (this.cells.get(id) ?? []).filter(({ dataset }) => shownDrivers.has(dataset['driver'] ?? ''));
    this.shownFeatures = new Set(
      this.features
        .filter((feature) => shownDrivers.size > 0 && (isOfDrivers || isFound(feature)))
        .filter((feature) => status === '' || feature.status === status)
        .filter(
          ({ id }) =>
            !differences ||
            new Set(
              cellsOf(id).map(({ dataset }) => (proven && dataset['proof'] === 'none' ? 'none' : dataset['level'])),
            ).size > 1,
        )
        .filter(({ id }) => !proven || cellsOf(id).some(({ dataset }) => dataset['proof'] !== 'none'))
        .map(({ id }) => id),
    );
    this.#hide(shownDrivers, proven);
  }

  /** @param {ReadonlySet<string>} shownDrivers @param {boolean} proven */
  #hide(shownDrivers, proven) {
    for (const part of this.parts) {
      const { feature, driver } = part.dataset;
      part.hidden =
        (feature !== undefined && !this.shownFeatures.has(feature)) ||
        (driver !== undefined && !shownDrivers.has(driver));
    }
    this.table.classList.toggle('only-proven', proven);
    for (const head of this.table.querySelectorAll('tr.group th'))
      head.setAttribute('colspan', String(1 + shownDrivers.size));
    for (const group of this.table.querySelectorAll('tbody[data-group]'))
      if (group instanceof HTMLElement) group.hidden = group.querySelector('tr[data-feature]:not([hidden])') === null;
    const section = this.table.closest('section');
    if (section !== null) section.hidden = this.shownFeatures.size === 0;
  }
}

/** @param {HTMLElement} part @param {string | undefined} id @returns {Row} */
function rowOf(part, id = '') {
  const head = part.tagName === 'TR' ? (part.querySelector('th') ?? part) : part;
  const title = id.startsWith(REFERENCE) ? 'Reference' : (head.querySelector('a')?.textContent ?? id);
  return { id, text: (head.textContent ?? '').toLowerCase(), status: part.dataset['status'] ?? '', title };
}
