import type { Kysely } from 'kysely';
import { toComputeError, type JsonValue } from '../common/errors/index.js';
import { guarded } from './guarded.js';
import type { JournalDatabase } from './schema.js';
import { rewrite, sealedRows, type SealedRow } from './sealed-values.js';
import { keyIdsIn, type SecretBox } from './secret-box.js';
import { KEY_PROOF, readFact, replaceProofs } from './unlock.js';

/** A journal that is never through after so many rounds is written to with an earlier key all the time. */
const MAX_ROUNDS = 10;

export interface Rotation {
  /** Rows that are encrypted with the current key now and were not before. */
  readonly rewritten: number;
  /** What no key can decrypt any more; it stays as it is. */
  readonly unreadable: readonly Unreadable[];
  /** Nothing that can be read is encrypted with an earlier key: those may be removed. */
  readonly isComplete: boolean;
}

export interface Unreadable {
  /** `operations.params`. */
  readonly place: string;
  readonly operationId: string | null;
  readonly reason: string;
}

export interface RotationOptions {
  /** Is told how many rows have been looked at, of how many. */
  readonly onProgress: (done: number, total: number) => void;
  /** Ends it after the current batch; the next run goes on. */
  readonly signal: AbortSignal;
}

/** How many secrets each key encrypts, by the key's id. */
export function countSecrets(db: Kysely<JournalDatabase>): Promise<Map<string, number>> {
  return guarded(async () => {
    const counts = new Map<string, number>();
    for await (const rows of sealedRows(db)) {
      for (const id of rows.flatMap(({ text }) => keyIdsIn(text))) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  });
}

/**
 * Encrypts every secret in the journal with the current key. Each row is written by itself, only when nobody has changed it
 * meanwhile, and holds its whole old value or its whole new one: services may run, and whenever it ends early everything
 * can be read with the keys at hand and the next run does the rest.
 */
export function rotate(db: Kysely<JournalDatabase>, box: SecretBox, options: RotationOptions): Promise<Rotation> {
  return guarded(async () => {
    const total = await countRows(db);
    let rewritten = 0;
    for (let round = 1; ; round++) {
      const proofs = (await readFact(db, KEY_PROOF)) ?? '[]';
      const found = await sweep(db, box, { ...options, onProgress: (done) => options.onProgress(done, total) });
      rewritten += found.rewritten;
      const { unreadable } = found;
      if (options.signal.aborted) return { rewritten, unreadable, isComplete: false };
      const isClean = found.rewritten === 0 && found.changed === 0;
      if (isClean && (await replaceProofs(db, box, proofs))) return { rewritten, unreadable, isComplete: true };
      if (round === MAX_ROUNDS) return { rewritten, unreadable, isComplete: false };
    }
  });
}

async function countRows(db: Kysely<JournalDatabase>): Promise<number> {
  let count = 0;
  for await (const rows of sealedRows(db)) count += rows.length;
  return count;
}

interface Found {
  rewritten: number;
  /** Rows that somebody else wrote between our reading and our writing. */
  changed: number;
  readonly unreadable: Unreadable[];
}

async function sweep(
  db: Kysely<JournalDatabase>,
  box: SecretBox,
  { onProgress, signal }: { onProgress: (done: number) => void; signal: AbortSignal },
): Promise<Found> {
  const found: Found = { rewritten: 0, changed: 0, unreadable: [] };
  let done = 0;
  for await (const rows of sealedRows(db)) {
    if (signal.aborted) break;
    for (const row of rows) {
      if (keyIdsIn(row.text).every((id) => id === box.keyId)) continue;
      const text = resealed(row, box);
      if (typeof text !== 'string') found.unreadable.push(text);
      else if (await rewrite(db, row, text)) found.rewritten += 1;
      else found.changed += 1;
    }
    done += rows.length;
    onProgress(done);
  }
  return found;
}

function resealed(row: SealedRow, box: SecretBox): string | Unreadable {
  try {
    return JSON.stringify(box.reseal(JSON.parse(row.text) as JsonValue));
  } catch (error) {
    const { place, operationId } = row;
    const reason = error instanceof SyntaxError ? 'it is no JSON any more' : toComputeError(error).message;
    return { place: `${place.table}.${place.column}`, operationId, reason };
  }
}
