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
 * Puts other children into an element. Those that look the same stay, of rows of a table the cells that do: a button that
 * somebody is about to press is not taken away because another cell says something new. Who stood on one that is replaced
 * stands on what is called the same.
 *
 * @param {Element} element
 * @param {...Child} children what looks the same acts on the same
 */
export function fill(element, ...children) {
  const { activeElement: focused } = document;
  put(element, children);
  if (focused === null || focused.isConnected) return;
  const same = [...element.querySelectorAll(focused.tagName)].find((one) => nameOf(one) === nameOf(focused));
  if (same instanceof HTMLElement) same.focus();
}

/**
 * @param {Element} element
 * @param {readonly Child[]} children
 */
function put(element, children) {
  const next = document.createDocumentFragment();
  next.append(...present(children));
  const wanted = [...next.childNodes];
  wanted.forEach((child, index) => {
    const before = element.childNodes[index];
    if (before === undefined) element.append(child);
    else if (before.isEqualNode(child)) return;
    else if (child instanceof HTMLTableRowElement && child.cloneNode().isEqualNode(before.cloneNode()))
      put(/** @type {Element} */ (before), [...child.cells]);
    else before.replaceWith(child);
  });
  while (element.childNodes.length > wanted.length) element.lastChild?.remove();
}

/** @param {Element} element */
function nameOf(element) {
  return element.getAttribute('href') ?? element.getAttribute('aria-label') ?? element.textContent;
}

/**
 * Makes a button do nothing for a time. It keeps its focus, which the browser takes away from a disabled one.
 *
 * @param {HTMLButtonElement} button
 * @param {boolean} isIdle
 */
export function setIdle(button, isIdle) {
  button.setAttribute('aria-disabled', String(isIdle));
}

/** Takes the clicks of buttons that do nothing. */
export function initIdle() {
  const take = (/** @type {Event} */ event) => {
    const { target } = event;
    if (!(target instanceof Element) || target.closest('[aria-disabled=true]') === null) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('click', take, { capture: true });
}
