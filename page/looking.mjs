/**
 * Lets something be looked at once at a time, and once more when that is asked for meanwhile: what was told may have
 * changed since.
 *
 * @param {() => Promise<void>} look
 * @returns {() => Promise<void>} resolves once nothing is looked for any more
 */
export function oneAtATime(look) {
  let isStale = false;
  /** @type {Promise<void> | undefined} */
  let looking;
  const lookOn = async () => {
    try {
      while (isStale) {
        isStale = false;
        await look();
      }
    } finally {
      looking = undefined;
    }
  };
  return () => {
    isStale = true;
    return (looking ??= lookOn());
  };
}
