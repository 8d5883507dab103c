/** One page in the making. */
export interface PageUnderWay {
  /** Where the next page begins, null for none; known before this one is there, where the service tells it early. */
  readonly next: Promise<string | null>;
  /** Resolves when the page is there and has been dealt with. */
  readonly done: Promise<void>;
}

/** A page that waits for something slow holds up so many others, at the most. */
const MOST_UNDER_WAY = 4;

/** Goes through all pages, a few at a time, and fails with the first that fails. */
export async function walkPages(
  from: string | undefined,
  begin: (after: string | undefined) => PageUnderWay,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let after: string | null | undefined = from;
  while (after !== null) {
    if (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
    const { next, done } = begin(after);
    const ended = done.finally(() => underWay.delete(ended));
    // It is waited for below, unless another fails first.
    ended.catch(() => undefined);
    underWay.add(ended);
    after = await next;
  }
  await Promise.all(underWay);
}
