/** How often each side of a connection is to be heard, in milliseconds; 0 is never. */
export interface HeartBeat {
  readonly sendMs: number;
  readonly receiveMs: number;
}

const SILENT: HeartBeat = { sendMs: 0, receiveMs: 0 };
const LONGEST_MS = 3_600_000;

/**
 * What comes of the client's `heart-beat` header and what this side can do. Decimals are accepted: a client in wide use
 * sends `5000.0,5000.0`. Null when it cannot be read.
 */
export function agreeHeartBeat(header: string | undefined, leastMs: number): HeartBeat | null {
  if (header === undefined) return SILENT;
  const match = /^\s*(\d{1,9}(?:\.\d{1,9})?)\s*,\s*(\d{1,9}(?:\.\d{1,9})?)\s*$/.exec(header);
  if (match === null) return null;
  const [sends, wants] = [Number(match[1]), Number(match[2])];
  const agreed = (theirs: number): number =>
    theirs === 0 || leastMs === 0 ? 0 : Math.min(Math.max(theirs, leastMs), LONGEST_MS);
  return { sendMs: agreed(wants), receiveMs: agreed(sends) };
}
