import { byId, setText } from './dom.mjs';

/** The panel at the side that shows one thing of a view in full. Its address is `#<view>/<name>`. */

const dialog = byId('drawer', HTMLDialogElement);
const title = byId('drawer-title', HTMLElement);
export const body = byId('drawer-body', HTMLElement);
/** Told when the panel is closed, or shows something else. @type {() => void} */
let onGone = () => {};
let onClosed = () => {};

/** @param {() => void} closed called when the reader closes it */
export function initDrawer(closed) {
  onClosed = closed;
  byId('drawer-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    gone();
    onClosed();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
}

/**
 * @param {string} heading
 * @param {() => void} [whenGone]
 */
export function openDrawer(heading, whenGone = () => {}) {
  gone();
  onGone = whenGone;
  setText(title, heading);
  body.replaceChildren();
  if (!dialog.open) dialog.showModal();
  title.focus();
}

/** @param {string} heading */
export function retitle(heading) {
  setText(title, heading);
}

export function closeDrawer() {
  if (dialog.open) dialog.close();
}

/** Whoever stood on something that is gone stands on the title. */
export function keepFocus() {
  if (dialog.open && !dialog.contains(document.activeElement)) title.focus();
}

function gone() {
  const tell = onGone;
  onGone = () => {};
  tell();
}
