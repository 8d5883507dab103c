/**
 * How many requests an HMC is sent at the same time: one more after as many good answers as there are places, half as many after
 * one that says it is busy (additive increase, multiplicative decrease). What was sent before the last halving says nothing of
 * the time after it, so that one burst of refusals halves once.
 */
export class AdaptiveLimit {
  #places: number;
  /** Number of halvings. */
  #halvings = 0;

  constructor(
    private most: number,
    private readonly apply: (places: number) => void,
  ) {
    this.#places = most;
    this.#tell();
  }

  get places(): number {
    return Math.floor(this.#places);
  }

  /** Of several users' limits the smallest holds. */
  lower(most: number): void {
    this.most = Math.min(this.most, most);
    this.#places = Math.min(this.#places, this.most);
    this.#tell();
  }

  /** A request goes out. Call the function with what its answer says; not at all when there is none. */
  sent(): (answer: 'good' | 'busy') => void {
    const halvings = this.#halvings;
    return (answer) => {
      if (answer === 'good') this.#places = Math.min(this.most, this.#places + 1 / this.#places);
      else if (halvings === this.#halvings) {
        this.#halvings += 1;
        this.#places = Math.max(1, this.#places / 2);
      }
      this.#tell();
    };
  }

  #tell(): void {
    this.apply(this.places);
  }
}
