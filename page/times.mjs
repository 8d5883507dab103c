import { el, setText } from './dom.mjs';

/** Times, told as how long ago they are; the absolute time is in the title. */

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' });

/**
 * @param {string | null | undefined} iso
 * @returns {HTMLElement}
 */
export function ago(iso) {
  if (iso === null || iso === undefined) return el('span', { class: 'quiet' }, '–');
  const time = el('time', { datetime: iso, title: absolute.format(new Date(iso)), 'data-ago': true });
  time.textContent = agoText(time.dateTime);
  return time;
}

/**
 * The same with the absolute time beside it, where there is room.
 *
 * @param {string} iso
 * @returns {HTMLElement}
 */
export function moment(iso) {
  return el('span', {}, ago(iso), el('span', { class: 'quiet' }, ` · ${absolute.format(new Date(iso))}`));
}

/**
 * @param {string} from
 * @param {string | null} to null: it goes on
 * @returns {HTMLElement}
 */
export function took(from, to) {
  if (to !== null) return el('span', {}, duration(Date.parse(to) - Date.parse(from)));
  const span = el('span', { 'data-since': from });
  span.textContent = sinceText(from);
  return span;
}

/** Lets the times on the page grow older. */
export function keepTime() {
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-ago]'))
      setText(time, agoText(time.getAttribute('datetime') ?? ''));
    for (const span of document.querySelectorAll('[data-since]'))
      setText(span, sinceText(span.getAttribute('data-since') ?? ''));
  }, 1000);
}

/** @param {string} iso */
function agoText(iso) {
  const seconds = Math.round((Date.now() - Date.parse(iso)) / 1000);
  if (Math.abs(seconds) < 3) return 'now';
  return seconds > 0 ? `${inWords(seconds)} ago` : `in ${inWords(-seconds)}`;
}

/** @param {string} iso */
function sinceText(iso) {
  return inWords(Math.max(0, Math.floor((Date.now() - Date.parse(iso)) / 1000)));
}

/** @param {number} ms */
function duration(ms) {
  if (ms < 1000) return `${Math.max(0, ms)} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : inWords(Math.round(ms / 1000));
}

/** @param {number} seconds */
function inWords(seconds) {
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
