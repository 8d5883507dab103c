import { once } from 'node:events';
import type { ZenovaClient } from '../client/index.js';
import type { MethodParams, MethodProgress, MethodResult, QueryResult } from '../compute/contract/index.js';
import type { CliParts } from './cli-parts.js';
import type { GlobalOptions } from './global-options.js';
import { unlessInterrupted } from './interrupted.js';
import { READ_TIMEOUT_MS, withClient } from './invoke.js';
import { Progress } from './progress.js';
import { viewOf } from './result-views.js';
import { renderTable, widthOf, type TableView } from './table.js';
import { walkPages, type PageUnderWay } from './walk-pages.js';

const METHOD = 'power.query_many';
type Params = MethodParams<typeof METHOD>;
type Page = MethodResult<typeof METHOD>;

/** `power query-many`: asks for all pages, and prints each when it is there, in one table or one JSON document. */
export async function queryMany(params: Params, options: GlobalOptions, parts: CliParts): Promise<void> {
  const printer = options.json === true ? new JsonPrinter(parts) : new TablePrinter(parts);
  await withClient(options, parts, async (client) => {
    const tally = new Tally(parts);
    const begin = (after: string | undefined): PageUnderWay => {
      const request = after === undefined ? params : { ...params, after };
      const { next, page } = ask(client, request, options, (part) => tally.tell(part));
      return { next, done: page.then((whole) => printer.print(tally.take(whole))) };
    };
    try {
      await unlessInterrupted(walkPages(params.after, begin), parts.interrupted, 'interrupted');
    } finally {
      tally.stop();
    }
    await printer.end();
    if (options.json !== true) parts.stderr.write(`${tally.summary()}\n`);
  });
}

/** One page, and, as soon as it is told, where the next begins. */
function ask(
  client: ZenovaClient,
  params: Params,
  { timeout: timeoutMs = READ_TIMEOUT_MS }: GlobalOptions,
  onProgress: (part: MethodProgress<typeof METHOD>) => void,
): { next: Promise<string | null>; page: Promise<Page> } {
  let told: (next: string | null) => void;
  const early = new Promise<string | null>((resolve) => (told = resolve));
  const page = client.call(METHOD, params, {
    timeoutMs,
    onProgress: (part) => {
      told(part.next);
      onProgress(part);
    },
  });
  return { next: Promise.race([early, page.then(({ next }) => next)]), page };
}

/** Counts what has come, and shows it. */
class Tally {
  readonly #progress: Progress;
  readonly #counts = new Map<string, number>();
  #total: number | null = null;
  /** Told of, but on pages that are not whole yet. */
  #early = 0;
  #taken = 0;

  constructor({ stderr }: CliParts) {
    this.#progress = new Progress(stderr, METHOD);
  }

  tell({ results, total }: MethodProgress<typeof METHOD>): void {
    this.#total ??= total;
    this.#early += results.length;
    this.#show();
  }

  take(page: Page): Page {
    this.#total ??= page.total;
    this.#taken += page.results.length;
    this.#early = Math.max(0, this.#early - page.results.length);
    for (const result of page.results) {
      const word = wordOf(result);
      this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
    }
    this.#show();
    return page;
  }

  summary(): string {
    const counts = [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([word, count]) => `${count} ${word}`);
    return `${this.#taken} machines${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
  }

  stop(): void {
    this.#progress.stop();
  }

  #show(): void {
    const done = this.#taken + this.#early;
    const total = this.#total ?? 0;
    const share = total === 0 ? undefined : Math.min(100, Math.floor((100 * done) / total));
    this.#progress.say(total === 0 ? `${done} machines` : `${done} of ${total} machines`, share);
  }
}

function wordOf({ state, error }: QueryResult): string {
  return error === null ? state : 'without an answer';
}

interface Printer {
  print(page: Page): Promise<void>;
  end(): Promise<void>;
}

class TablePrinter implements Printer {
  #isEmpty = true;

  constructor(private readonly parts: CliParts) {}

  async print(page: Page): Promise<void> {
    if (page.results.length === 0) return;
    const view = viewOf(METHOD, page);
    // The pages are one table, with one heading.
    const hasHeading = this.#isEmpty || view.kind !== 'list';
    this.#isEmpty = false;
    await this.#write(hasHeading ? view : { ...view, head: [] });
  }

  async end(): Promise<void> {
    if (this.#isEmpty) await this.#write(viewOf(METHOD, { results: [], next: null, total: null }));
  }

  #write(view: TableView): Promise<void> {
    const { stdout } = this.parts;
    return write(this.parts, renderTable(view, widthOf(stdout)));
  }
}

/** One answer, as if there had been one page. */
class JsonPrinter implements Printer {
  #count = 0;

  constructor(private readonly parts: CliParts) {}

  async print({ results }: Page): Promise<void> {
    const lines = results.map(
      (result) => `${this.#count++ === 0 ? '{"results": [\n' : ',\n'}${JSON.stringify(result)}`,
    );
    await write(this.parts, lines.join(''));
  }

  async end(): Promise<void> {
    const { parts } = this;
    await write(parts, `${this.#count === 0 ? '{"results": [' : ''}\n], "next": null, "total": ${this.#count}}\n`);
  }
}

/** Waits for a reader that is slower than we are. */
async function write({ stdout, interrupted }: CliParts, text: string): Promise<void> {
  if (!stdout.write(text)) await once(stdout, 'drain', { signal: interrupted });
}
