/** What several ask for at the same moment is done once, for all of them. */
export class SharedWork<T> {
  readonly #underWay = new Map<string, Promise<T>>();

  /** Does `work`, unless what has the same key is under way: then its outcome is the answer. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const shared = this.#underWay.get(key);
    if (shared !== undefined) return shared;
    const outcome = work().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, outcome);
    return outcome;
  }
}
