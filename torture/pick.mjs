/**
 * The named members of an object.
 *
 * @template T
 * @template {keyof T} Name
 * @param {T} from
 * @param {readonly Name[]} names
 * @returns {Pick<T, Name>}
 */
export function pick(from, names) {
  return /** @type {Pick<T, Name>} */ (Object.fromEntries(names.map((name) => [name, from[name]])));
}
