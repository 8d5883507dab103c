import type { Clock } from '../common/clock.js';
import type { BreakerStore } from '../compute/contract/index.js';
import { openSqlite } from './database.js';
import type { Journal } from './journal.port.js';
import { SecretBox } from './secret-box.js';
import { SqlBreakers } from './sql-breakers.js';
import { SqlJournal } from './sql-journal.js';

export interface JournalOptions {
  /** Path of the database file, or `:memory:`. */
  readonly file: string;
  /** File of the key that secrets are encrypted with; made when it does not exist. */
  readonly keyFile: string;
  readonly maxPerTarget: number;
}

export interface OpenJournal {
  readonly journal: Journal;
  readonly breakers: BreakerStore;
  /** Proof that two requests are equal, under this journal's key. */
  fingerprint(text: string): string;
}

/** Opens the journal; closing it closes the breakers with it. */
export async function openJournal(options: JournalOptions, clock: Clock): Promise<OpenJournal> {
  const box = SecretBox.fromFile(options.keyFile);
  const db = await openSqlite(options.file);
  try {
    const journal = await SqlJournal.open(db, box, { maxPerTarget: options.maxPerTarget });
    return { journal, breakers: new SqlBreakers(db, clock), fingerprint: (text) => box.fingerprint(text) };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}
