import { SingleBar } from 'cli-progress';
import type { OperationView } from '../compute/contract/index.js';
import type { Output } from './cli-parts.js';
import { newsOf } from './result-views.js';
import { terminalText } from './terminal-text.js';

const SHOW_AFTER_MS = 1000;

/** Shows on standard error that something takes its time: a bar on a terminal, a line for each piece of news elsewhere. */
export class Progress {
  readonly #timer: NodeJS.Timeout;
  #bar: SingleBar | undefined;
  #isShown = false;
  #news: string;
  #percent = 0;

  /** @param what is awaited, e.g. `compute.power_on web01` */
  constructor(
    private readonly output: Output,
    what: string,
    showAfterMs = SHOW_AFTER_MS,
  ) {
    this.#news = `waiting for ${what}`;
    this.#timer = setTimeout(() => this.#show(), showAfterMs);
  }

  /** Takes the state of the operation that is awaited. */
  tell(operation: OperationView): void {
    this.say(`${operation.name}: ${newsOf(operation) ?? operation.state}`, operation.progress?.percent);
  }

  say(news: string, percent: number | null | undefined): void {
    this.#percent = percent ?? this.#percent;
    if (news === this.#news) return;
    this.#news = news;
    if (this.#isShown) this.#draw();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#bar?.stop();
  }

  #show(): void {
    this.#isShown = true;
    if (this.output.isTTY === true) {
      this.#bar = new SingleBar({
        stream: this.output,
        format: '{bar} {duration_formatted}  {news}',
        barsize: 20,
        barCompleteChar: '#',
        barIncompleteChar: '.',
        fps: 4,
        forceRedraw: true,
        clearOnComplete: true,
        hideCursor: true,
        gracefulExit: false, // signals are the program's
      });
      this.#bar.start(100, this.#percent, { news: this.#text() });
    } else {
      this.#draw();
    }
  }

  #draw(): void {
    if (this.#bar === undefined) this.output.write(`${this.#text()}\n`);
    else this.#bar.update(this.#percent, { news: this.#text() });
  }

  #text(): string {
    return terminalText(this.#news).replaceAll('\n', ' ').slice(0, 200);
  }
}
