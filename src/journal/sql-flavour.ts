import type { RawBuilder } from 'kysely';
import type { TargetKey } from '../common/ids.js';

/** What SQLite and PostgreSQL say differently; everything else in SQL is written once. */
export interface SqlFlavour {
  readonly name: 'sqlite' | 'postgres';
  /** Milliseconds since the epoch, by the database's clock. */
  readonly now: RawBuilder<number>;
  /** Bytes that the database takes. */
  readonly size: RawBuilder<number>;
  /** Keeps other transactions from giving numbers in the order of this target, until the end of this one. */
  turnOf(target: TargetKey): RawBuilder<unknown>;
  /** Must a transaction lock the rows that are to stay as they are until its end? */
  readonly locksRows: boolean;
  /** Is the text of a column like a pattern, in which `*` stands for any number of any characters? Case counts. */
  isLike(column: string, pattern: string): RawBuilder<boolean>;
  /** The elements of an array in JSON, a row each, in the column `value`: a list of any length that is one parameter. */
  elementsOf(json: string): RawBuilder<unknown>;
  /** Was a statement refused because a row like it is there? */
  isUniqueViolation(error: unknown): boolean;
}
