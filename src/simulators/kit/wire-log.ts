/** One request as a simulator saw it. Bodies and credentials are never recorded. */
export interface WireEntry {
  readonly sequence: number;
  /** ISO 8601, simulator time. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  /** Raw query without `?`. */
  readonly query: string;
  /** The first characters of the session id that the request carried, enough to tell sessions apart. */
  readonly session: string | null;
  readonly user: string | null;
  /** What the request was about, such as a partition's name. */
  readonly subject: string | null;
  /** null while the request runs, and for ever when it got no answer. */
  readonly status: number | null;
  /** Whether the request took effect, answered or not. */
  readonly executed: boolean;
  /** Faults applied to it. */
  readonly faults: readonly string[];
}

/** The fields known only later. */
export type WireOutcome = Partial<Pick<WireEntry, 'user' | 'status' | 'executed' | 'faults'>>;

export interface WireQuery {
  method?: string;
  /** Exact path or a glob: `*` stands for any characters. */
  path?: string;
  subject?: string;
  status?: number;
  executed?: boolean;
  /** Only entries after this sequence number. */
  since?: number;
}

const LONGEST_TEXT = 2000;

/** Requests in the order of their arrival. The oldest are forgotten beyond `limit`. */
export class WireLog {
  #entries: WireEntry[] = [];
  #next = 1;

  constructor(private readonly limit = 50_000) {}

  /** Records an arrival; the function that comes back completes the record. */
  open(
    arrival: Pick<WireEntry, 'at' | 'method' | 'path' | 'query' | 'session' | 'subject'>,
  ): (outcome: WireOutcome) => WireEntry {
    const entry: WireEntry = {
      ...arrival,
      method: arrival.method.slice(0, 20),
      path: arrival.path.slice(0, LONGEST_TEXT),
      query: arrival.query.slice(0, LONGEST_TEXT),
      sequence: this.#next++,
      user: null,
      status: null,
      executed: false,
      faults: [],
    };
    this.#entries.push(entry);
    if (this.#entries.length > this.limit * 1.1) this.#entries = this.#entries.slice(-this.limit);
    return (outcome) => Object.assign(entry, outcome);
  }

  entries(query: WireQuery = {}): readonly WireEntry[] {
    return this.#entries.filter((entry) => matches(entry, query));
  }

  count(query: WireQuery = {}): number {
    return this.entries(query).length;
  }

  /** The sequence number of the newest entry: keep it, and ask for `since` later. */
  get last(): number {
    return this.#next - 1;
  }

  clear(): void {
    this.#entries = [];
  }
}

function matches(entry: WireEntry, query: WireQuery): boolean {
  return (
    (query.method === undefined || entry.method === query.method) &&
    (query.path === undefined || matchesGlob(query.path, entry.path)) &&
    (query.subject === undefined || entry.subject === query.subject) &&
    (query.status === undefined || entry.status === query.status) &&
    (query.executed === undefined || entry.executed === query.executed) &&
    (query.since === undefined || entry.sequence > query.since)
  );
}

/** Whole-text match where `*` stands for any characters. Linear in the text, so a pattern from outside cannot stall us. */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return text === pattern;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from);
    if (found === -1 || found + part.length > end) return false;
    from = found + part.length;
  }
  return true;
}
