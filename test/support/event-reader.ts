import { eventually } from './eventually.js';

export interface ReadEvent {
  readonly id: string | undefined;
  readonly kind: string;
  readonly data: Record<string, unknown>;
}

/** A client of `GET /v1/events` that writes down what it is told. */
export class EventReader {
  readonly events: ReadEvent[] = [];
  /** Everything, signs of life included. */
  text = '';
  isOver = false;
  readonly #abort = new AbortController();

  private constructor(
    readonly status: number,
    readonly headers: Headers,
  ) {}

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(`${url}/v1/events`, { headers, signal: abort.signal });
    const reader = new EventReader(response.status, response.headers);
    reader.#abort.signal.addEventListener('abort', () => abort.abort());
    void reader.#read(response).catch(() => undefined);
    return reader;
  }

  /** Waits for an event that is so. */
  until(isIt: (event: ReadEvent) => boolean): Promise<ReadEvent> {
    return eventually(
      () => this.events.find(isIt),
      () => `an event among ${this.text}`,
    );
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    try {
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of response.body ?? []) {
        const text = decoder.decode(chunk as Uint8Array, { stream: true });
        this.text += text;
        const messages = (rest + text).split('\n\n');
        rest = messages.pop() ?? '';
        for (const message of messages) this.#take(message);
      }
    } finally {
      this.isOver = true;
    }
  }

  #take(message: string): void {
    const field = (name: string): string | undefined =>
      message
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const kind = field('event');
    if (kind === undefined) return;
    this.events.push({ id: field('id'), kind, data: JSON.parse(field('data') ?? '') as Record<string, unknown> });
  }
}
