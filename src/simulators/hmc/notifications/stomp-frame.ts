/** Versions of STOMP that are spoken, the oldest first. */
export const STOMP_VERSIONS = ['1.0', '1.1', '1.2'] as const;
export type StompVersion = (typeof STOMP_VERSIONS)[number];

/** A frame of STOMP. Of a header that came several times the first counts. */
export interface StompFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Bytes that are not STOMP, or too many of them; the connection cannot go on. */
export class StompSyntaxError extends Error {
  override readonly name = 'StompSyntaxError';
}

export const LARGEST_FRAME_BYTES = 64 * 1024;
const MOST_HEADERS = 100;

const [NUL, LF, CR] = [0, 10, 13];

/** Cuts frames out of a stream of bytes. Strict, and bounded by {@link LARGEST_FRAME_BYTES}. */
export class StompFrameReader {
  #pending = Buffer.alloc(0);

  /** The frames that are complete with these bytes. Throws a StompSyntaxError. */
  read(chunk: Buffer, version: StompVersion): StompFrame[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const frames: StompFrame[] = [];
    for (let frame = this.#next(version); frame !== null; frame = this.#next(version)) frames.push(frame);
    if (this.#pending.length > LARGEST_FRAME_BYTES) {
      throw new StompSyntaxError(`a frame is larger than ${LARGEST_FRAME_BYTES} bytes`);
    }
    return frames;
  }

  #next(version: StompVersion): StompFrame | null {
    this.#skipHeartBeats();
    const headEnd = endOfHead(this.#pending);
    if (headEnd === null) return null;
    const lines = this.#pending.toString('utf8', 0, headEnd.at).split(/\r?\n/);
    const command = lines[0] ?? '';
    const headers = parseHeaders(lines.slice(1), isEscaped(command, version) ? version : '1.0');
    const bodyAt = headEnd.bodyAt;
    const length = contentLength(headers);
    const end = length === null ? this.#pending.indexOf(NUL, bodyAt) : bodyAt + length;
    if (end === -1 || end >= this.#pending.length) return null;
    if (this.#pending[end] !== NUL) throw new StompSyntaxError('a body does not end where its content-length says');
    const body = this.#pending.toString('utf8', bodyAt, end);
    this.#pending = this.#pending.subarray(end + 1);
    return { command, headers, body };
  }

  #skipHeartBeats(): void {
    const start = this.#pending.findIndex((byte) => byte !== LF && byte !== CR);
    this.#pending = start === -1 ? Buffer.alloc(0) : this.#pending.subarray(start);
  }
}

export function serializeFrame({ command, headers, body }: StompFrame, version: StompVersion): string {
  const escaping = isEscaped(command, version) ? version : '1.0';
  const lines = Object.entries(headers).map(([name, value]) => `${escape(name, escaping)}:${escape(value, escaping)}`);
  return `${[command, ...lines].join('\n')}\n\n${body}\0`;
}

/** Where the empty line after the headers starts, and where the body does; null while it has not come. */
function endOfHead(bytes: Buffer): { at: number; bodyAt: number } | null {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (bytes[next] === LF) return { at: bytes[at - 1] === CR ? at - 1 : at, bodyAt: next + 1 };
  }
  if (bytes.includes(NUL)) throw new StompSyntaxError('a frame ends within its headers');
  return null;
}

function parseHeaders(lines: readonly string[], version: StompVersion): Record<string, string> {
  if (lines.length > MOST_HEADERS) throw new StompSyntaxError(`a frame has more than ${MOST_HEADERS} headers`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new StompSyntaxError('a header has no name or no colon');
    const name = unescape(line.slice(0, colon), version);
    const value = unescape(line.slice(colon + 1), version);
    // Clients of STOMP 1.0 may pad.
    if (!headers.has(name)) headers.set(name, version === '1.0' ? value.trim() : value);
  }
  return Object.fromEntries(headers);
}

function contentLength(headers: Readonly<Record<string, string>>): number | null {
  const text = headers['content-length'];
  if (text === undefined) return null;
  const length = Number(text);
  if (!/^\d+$/.test(text) || length > LARGEST_FRAME_BYTES) {
    throw new StompSyntaxError('a content-length is not a number of bytes that is allowed');
  }
  return length;
}

/** CONNECT and CONNECTED know no escapes in any version, so that they are understood before one is agreed. */
function isEscaped(command: string, version: StompVersion): boolean {
  return version !== '1.0' && command !== 'CONNECT' && command !== 'CONNECTED';
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', ':': '\\c', '\r': '\\r' };
const UNESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\c': ':', '\\r': '\r' };

function escape(text: string, version: StompVersion): string {
  if (version === '1.0') return text.replaceAll(/[\r\n]/g, ' ');
  const escaped = version === '1.2' ? text : text.replaceAll('\r', ' ');
  return escaped.replaceAll(/[\\\n:\r]/g, (character) => ESCAPES[character] ?? character);
}

function unescape(text: string, version: StompVersion): string {
  if (version === '1.0') return text;
  return text.replaceAll(/\\.?/gs, (escaped) => {
    const character = escaped === '\\r' && version !== '1.2' ? undefined : UNESCAPES[escaped];
    if (character === undefined) throw new StompSyntaxError('a header has an unknown escape');
    return character;
  });
}
