import { byId, el, setText } from './dom.mjs';

/** What has become of things, for eyes and for screen readers. */

/** So many ends are read out one by one; what comes faster is counted. */
const READ_OUT = 3;
const PAUSE_MS = 2000;

const notice = byId('notice', HTMLElement);
const announcements = byId('announcements', HTMLElement);

/**
 * Shows a line at the foot of the page until it is dismissed, or another takes its place.
 *
 * @param {string} text
 * @param {{ href: string, label: string }} [link]
 */
export function notify(text, link) {
  notice.replaceChildren(
    el('span', {}, text),
    link === undefined ? '' : el('a', { href: link.href }, link.label),
    el('button', { type: 'button', onclick: () => notice.replaceChildren() }, 'Dismiss'),
  );
}

/** @type {string[]} */
let ends = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Reads an end out, together with others that come at about the same time.
 *
 * @param {string} text
 */
export function announce(text) {
  ends.push(text);
  timer ??= setTimeout(() => {
    const some = ends.length <= READ_OUT ? ends.join('; ') : `${ends.length} operations ended`;
    setText(announcements, some);
    ends = [];
    timer = undefined;
  }, PAUSE_MS);
}
