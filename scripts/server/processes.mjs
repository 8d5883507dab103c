import { readdirSync, readFileSync } from 'node:fs';

/**
 * @param {number | string} pid
 * @returns {{ state: string, parent: number } | undefined} undefined when there is no such process
 */
function look(pid) {
  try {
    // "pid (name) state parent …", and a name may hold anything.
    const [state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 * @returns {boolean} whether it runs; one that only waits for its parent to notice its end does not. While a thread of it is on its way
 *   out it does: its files and ports are its own until then
 */
export function isAlive(pid) {
  const found = look(pid);
  if (found === undefined || found.state === 'X') return false;
  return found.state !== 'Z' || threads(pid) > 1;
}

/** @param {number} pid */
function threads(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

/**
 * @param {number} pid
 * @returns {number[]} its children, their children, and so on
 */
export function descendants(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? look(name)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  /** @type {(of: number) => number[]} */
  const below = (of) => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}
