import type { Clock } from '../../common/clock.js';
import type { JsonValue } from '../../common/errors/index.js';
import type { MethodProgress, MethodResult, QueryResult } from '../contract/index.js';

/** News of a page is gathered for so long, so that many controllers do not make many messages. */
const NEWS_EVERY_MS = 100;

/** The results of a page in the making; whoever asked for news is told of them as they come. */
export class SweepPage {
  readonly #results: (QueryResult | undefined)[];
  readonly #rest: Omit<MethodResult<'power.query_many'>, 'results'>;
  readonly #clock: Clock;
  readonly #tell: ((part: JsonValue) => void) | undefined;
  #untold: QueryResult[] = [];
  #done = 0;
  #cancel: (() => void) | undefined;

  /** @param tell undefined: nobody wants news */
  constructor(
    of: number,
    rest: Omit<MethodResult<'power.query_many'>, 'results'>,
    clock: Clock,
    tell: ((part: JsonValue) => void) | undefined,
  ) {
    this.#results = Array.from({ length: of });
    this.#rest = rest;
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Tells at once where the next page begins, so that nobody need wait for this one to ask for it. */
  begin(): void {
    this.#tellNow();
  }

  /** @param place in the page */
  add(place: number, result: QueryResult): void {
    this.#results[place] = result;
    this.#done += 1;
    if (this.#tell === undefined) return;
    this.#untold.push(result);
    this.#cancel ??= this.#clock.after(NEWS_EVERY_MS, () => this.#tellNow());
  }

  /** The whole page, once every place has its result. Nothing more is told. */
  end(): MethodResult<'power.query_many'> {
    this.#cancel?.();
    return { results: this.#results.filter((result) => result !== undefined), ...this.#rest };
  }

  #tellNow(): void {
    if (this.#tell === undefined) return;
    this.#cancel?.();
    this.#cancel = undefined;
    const news: MethodProgress<'power.query_many'> = {
      results: this.#untold,
      ...this.#rest,
      done: this.#done,
      of: this.#results.length,
    };
    this.#untold = [];
    this.#tell(news);
  }
}
