/**
 * What of the matrix is shown, as the address has it after its `#`: a view can be sent to somebody else.
 *
 * @typedef {object} View
 * @property {string} find text that features, or drivers, hold
 * @property {string} status empty for any
 * @property {readonly string[]} drivers none for all
 * @property {boolean} differences only features in which drivers differ
 * @property {boolean} proven only what is proven
 * @property {{ feature: string, driver: string | null } | null} open what the panel shows; no driver: what the feature means
 */

/** @returns {View} */
export function readView() {
  const given = new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : '');
  const feature = given.get('feature');
  return {
    find: given.get('find') ?? '',
    status: given.get('status') ?? '',
    drivers: given.getAll('driver'),
    differences: given.getAll('only').includes('differences'),
    proven: given.getAll('only').includes('proven'),
    open: feature === null ? null : { feature, driver: given.get('on') },
  };
}

/** @param {View} view */
export function addressOf({ find, status, drivers, differences, proven, open }) {
  const search = new URLSearchParams([
    ...(find === '' ? [] : [['find', find]]),
    ...(status === '' ? [] : [['status', status]]),
    ...drivers.map((driver) => ['driver', driver]),
    ...(differences ? [['only', 'differences']] : []),
    ...(proven ? [['only', 'proven']] : []),
    ...(open === null ? [] : [['feature', open.feature]]),
    ...(open === null || open.driver === null ? [] : [['on', open.driver]]),
  ]).toString();
  return `${location.pathname}${location.search}${search === '' ? '' : `#${search}`}`;
}

/**
 * Changes what is shown without a step in the reader's history.
 *
 * @param {Partial<View>} change
 */
export function amendView(change) {
  history.replaceState(null, '', addressOf({ ...readView(), ...change }));
}
