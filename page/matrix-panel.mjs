import { el } from './dom.mjs';
import { body, closeDrawer, initDrawer, openDrawer } from './drawer.mjs';
import { addressOf, amendView, readView } from './matrix-address.mjs';
import { otherPage } from './other-page.mjs';
import { troubleOf } from './words.mjs';

/** The panel beside the matrix: the evidence of one cell, or what a feature means and who has it. */

export function initPanel() {
  initDrawer(() => amendView({ open: null }));
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const cell = link.closest('td');
    const about = link.dataset['about'];
    const feature = about ?? ('evidence' in link.dataset ? cell?.dataset['feature'] : undefined);
    if (feature === undefined) return;
    event.preventDefault();
    const driver = about === undefined ? (cell?.dataset['driver'] ?? null) : null;
    location.assign(addressOf({ ...readView(), open: { feature, driver } }));
  });
}

/** Shows what the address names. */
export function showOpened() {
  const { open } = readView();
  const about = open === null ? null : document.getElementById(`about-${open.feature}`);
  if (open === null || about === null) return closeDrawer();
  if (open.driver === null) showFeature(open.feature, about);
  else void showEvidence(open.feature, open.driver, about);
}

/** @param {string} feature @param {HTMLElement} about */
function showFeature(feature, about) {
  openDrawer(titleOf(about));
  body.append(...withoutHeading(about.cloneNode(true)));
  const cells = [...document.querySelectorAll('td[data-level]')].filter(
    (cell) => cell instanceof HTMLElement && cell.dataset['feature'] === feature,
  );
  body.append(
    el('h3', {}, 'Who has it'),
    el(
      'dl',
      { class: 'who' },
      ...cells.flatMap((cell) => [
        el('dt', { class: 'id' }, cell instanceof HTMLElement ? nameOf(cell) : ''),
        el('dd', {}, ...[...cell.childNodes].map((child) => child.cloneNode(true))),
      ]),
    ),
  );
}

/** @param {string} feature @param {string} driver @param {HTMLElement} about */
async function showEvidence(feature, driver, about) {
  let isShown = true;
  openDrawer(`${titleOf(about)}: ${driver}`, () => {
    isShown = false;
  });
  body.append(el('p', { class: 'quiet' }, 'Looking …'));
  const link = linkOf(feature, driver);
  try {
    if (link === null) throw new Error(`There is nothing of ${driver} here.`);
    const page = await otherPage(link.href.split('#')[0] ?? '');
    const article = page.getElementById(feature);
    if (!isShown || article === null) return;
    body.replaceChildren(
      ...withoutHeading(document.importNode(article, true)),
      el('p', { class: 'more' }, el('a', { href: link.href }, `All of ${driver}`)),
    );
  } catch (error) {
    if (isShown) body.replaceChildren(troubleOf(error));
  }
}

/** @param {string} feature @param {string} driver @returns {HTMLAnchorElement | null} */
function linkOf(feature, driver) {
  for (const link of document.querySelectorAll('a[data-evidence]')) {
    const { dataset } = link.closest('td') ?? {};
    if (link instanceof HTMLAnchorElement && dataset?.['feature'] === feature && dataset['driver'] === driver)
      return link;
  }
  return null;
}

/** @param {HTMLElement} cell */
function nameOf({ dataset }) {
  return dataset['driver']?.startsWith('reference:') ? 'Reference' : (dataset['driver'] ?? '');
}

/** @param {Element} about */
function titleOf(about) {
  return about.querySelector('h4')?.textContent ?? '';
}

/** What stands below the heading, which is the panel's title. @param {Node} article @returns {Node[]} */
function withoutHeading(article) {
  return [...article.childNodes].filter((node) => !(node instanceof HTMLHeadingElement));
}
