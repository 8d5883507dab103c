/**
 * Elements, made of text only: nothing that comes from the service is ever read as markup.
 *
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {{ [name: string]: string | number | boolean | null | undefined | ((event: Event) => void) }} Attributes
 *   `onclick` and its like are listeners, true sets an attribute without a value, false and null leave it out
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...present(children));
  return element;
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
  return children.filter((child) => child !== null && child !== undefined && child !== false);
}

/**
 * @template {HTMLElement} T
 * @param {string} id of an element of the page
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${type.name} ${id}`);
}

/**
 * Sets the text, unless it is the same: nothing is drawn or read out again for nothing.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A count with its words, which stay away where there is no room for them.
 *
 * @param {Element} element
 * @param {string} number
 * @param {string} words
 */
export function setCount(element, number, words) {
  fill(element, number, el('span', { class: 'long' }, ` ${words}`));
}

/**
 * Puts other children into an element, unless they look the same; then those that are there keep their focus.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  const next = document.createDocumentFragment();
  next.append(...present(children));
  const isSame =
    element.childNodes.length === next.childNodes.length &&
    [...element.childNodes].every((child, index) => child.isEqualNode(next.childNodes[index] ?? null));
  if (!isSame) element.replaceChildren(next);
}
