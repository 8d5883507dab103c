import { sql, type Kysely } from 'kysely';
import type { JournalDatabase } from './schema.js';
import { KEY_PROOF } from './unlock.js';

/** Every place where the journal keeps encrypted secrets. Whoever adds one adds it here, or no new key ever reaches it. */
const SEALED_COLUMNS = [
  { table: 'operations', column: 'params', key: ['id'], operationId: 'id' },
  { table: 'checkpoints', column: 'data', key: ['operation_id', 'number'], operationId: 'operation_id' },
  { table: 'machines', column: 'parameters', key: ['name'], operationId: null },
  { table: 'seeds', column: 'token', key: ['token_hash'], operationId: 'operation_id' },
  { table: 'seeds', column: 'content', key: ['token_hash'], operationId: 'operation_id' },
  { table: 'facts', column: 'value', key: ['name'], operationId: null },
] as const;

const PAGE = 200;

/** A row that holds encrypted secrets. */
export interface SealedRow {
  readonly place: (typeof SEALED_COLUMNS)[number];
  readonly key: readonly unknown[];
  /** The column as it is stored. */
  readonly text: string;
  /** Null for what belongs to none. */
  readonly operationId: string | null;
}

/** All rows that hold encrypted secrets, in batches, without the proofs of keys; rows that come meanwhile may be among them. */
export async function* sealedRows(db: Kysely<JournalDatabase>): AsyncGenerator<SealedRow[]> {
  for (const place of SEALED_COLUMNS) {
    let after: readonly unknown[] | undefined;
    for (;;) {
      const rows = await page(db, place, after);
      yield rows.filter(({ key }) => !(place.table === 'facts' && key[0] === KEY_PROOF));
      if (rows.length < PAGE) break;
      after = rows.at(-1)?.key;
    }
  }
}

/**
 * Writes a row's column anew, unless somebody has written it since it was read.
 *
 * @returns false when it has changed, or is gone
 */
export async function rewrite(db: Kysely<JournalDatabase>, row: SealedRow, text: string): Promise<boolean> {
  const { table, column, key } = row.place;
  const isThisRow = sql.join(
    key.map((name, i) => sql`${sql.ref(name)} = ${row.key[i]}`),
    sql` and `,
  );
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${text}
    where ${isThisRow} and ${sql.ref(column)} = ${row.text}`.execute(db);
  return numAffectedRows === 1n;
}

async function page(
  db: Kysely<JournalDatabase>,
  place: SealedRow['place'],
  after: readonly unknown[] | undefined,
): Promise<SealedRow[]> {
  const names = sql.join(place.key.map((name) => sql.ref(name)));
  const beyond = after === undefined ? sql`` : sql`and (${names}) > (${sql.join(after)})`;
  const { rows } = await sql<Record<string, unknown>>`
    select ${names}, ${sql.ref(place.column)} as sealed_text from ${sql.table(place.table)}
    where ${sql.ref(place.column)} like ${'%"$sealed":"%'} ${beyond}
    order by ${names} limit ${PAGE}`.execute(db);
  return rows.map((row) => ({
    place,
    key: place.key.map((name) => row[name]),
    text: String(row['sealed_text']),
    operationId: place.operationId === null ? null : String(row[place.operationId]),
  }));
}
