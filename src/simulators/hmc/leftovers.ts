/** Something that is there, with the name that people know it by. */
export interface Item {
  readonly uri: string;
  readonly label: string;
}

/** What has come into being since the start and is still there, kind by kind, for tests that look for orphans. */
export class Leftovers {
  readonly #kinds = new Map<string, { list: () => readonly Item[]; before: ReadonlySet<string> }>();

  /** Everything that `list` returns now is no leftover. */
  register(kind: string, list: () => readonly Item[]): void {
    this.#kinds.set(kind, { list, before: new Set(list().map(({ uri }) => uri)) });
  }

  snapshot(): Record<string, string[]> {
    return Object.fromEntries(
      [...this.#kinds].map(([kind, { list, before }]) => [
        kind,
        list()
          .filter(({ uri }) => !before.has(uri))
          .map(({ label }) => label),
      ]),
    );
  }
}
