import { createHash } from 'node:crypto';
import { sql, type Expression, type Kysely, type SqlBool } from 'kysely';
import type { JsonValue } from '../common/errors/index.js';
import type { TargetKey } from '../common/ids.js';
import type { SeedContent, SeedFile } from '../compute/contract/index.js';
import { fenced, leasedRow } from './fenced.js';
import { guarded } from './guarded.js';
import type { Lease } from './journal.port.js';
import type { JournalDatabase } from './schema.js';
import type { SecretBox } from './secret-box.js';
import type { KeptSeed, NewSeed, SeedStore } from './seed-store.port.js';
import type { SqlFlavour } from './sql-flavour.js';

const LIFETIME_MS = 30 * 60_000;

/**
 * A bit for each file that every cloud-init asks for: `meta-data`, `user-data`, and `vendor-data` at last. Only newer ones (24.3) ask
 * for `network-config`, and first (`cloudinit/util.py`, read_seeded).
 */
const BITS: Readonly<Record<SeedFile, number>> = {
  'meta-data': 1,
  'user-data': 2,
  'vendor-data': 4,
  'network-config': 0,
};
const ALL_UNREAD = 7;

/** Seeds of first starts in the journal's database. */
export class SqlSeeds implements SeedStore {
  readonly #db: Kysely<JournalDatabase>;
  readonly #flavour: SqlFlavour;
  readonly #box: SecretBox;

  constructor(db: Kysely<JournalDatabase>, flavour: SqlFlavour, box: SecretBox) {
    this.#db = db;
    this.#flavour = flavour;
    this.#box = box;
  }

  async keep({ instance, content, token }: NewSeed, lease: Lease): Promise<KeptSeed> {
    const { operationId } = lease;
    await guarded(() => pruneSeeds(this.#db, this.#flavour));
    await fenced(this.#db, lease, async (leased) => {
      await this.#db
        .deleteFrom('seeds')
        .where('instance', '=', instance)
        .where('operation_id', '!=', operationId)
        .where((eb) => eb.exists(leased.select('id')))
        .execute();
      const { columns, rows } = leasedRow(leased, {
        token_hash: hashOf(token),
        operation_id: operationId,
        instance,
        token: this.#sealed({ token }),
        content: this.#sealed({ content }),
        unread: ALL_UNREAD,
        expires_at: sql<number>`${this.#flavour.now} + ${sql.lit(LIFETIME_MS)}`,
      });
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('seeds')
        .columns(columns)
        .expression(rows)
        .onConflict((conflict) => conflict.column('operation_id').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    });
    return guarded(async () => {
      const row = await this.#db
        .selectFrom('seeds')
        .select(['token', 'expires_at'])
        .where('operation_id', '=', operationId)
        .executeTakeFirstOrThrow();
      const kept = this.#box.unseal(JSON.parse(row.token) as JsonValue) as { token: string };
      return { token: kept.token, expiresAt: row.expires_at };
    });
  }

  find(token: string): Promise<SeedContent | undefined> {
    return guarded(async () => {
      const row = await this.#db
        .selectFrom('seeds')
        .select('content')
        .where('token_hash', '=', hashOf(token))
        .where(this.#isAlive())
        .executeTakeFirst();
      const content = row?.content ?? null;
      if (content === null) return undefined;
      const seed = this.#box.unseal(JSON.parse(content) as JsonValue) as { content: SeedContent };
      return seed.content;
    });
  }

  noteRead(token: string, file: SeedFile): Promise<boolean> {
    const left = sql<number>`unread & ~${sql.lit(BITS[file])}`;
    return guarded(async () => {
      const row = await this.#db
        .updateTable('seeds')
        .set({ unread: left, content: sql`case when (${left}) = 0 then null else content end` })
        .where('token_hash', '=', hashOf(token))
        .where('unread', '>', 0)
        .returning('unread')
        .executeTakeFirst();
      return row?.unread === 0;
    });
  }

  async withdraw(instance: TargetKey): Promise<void> {
    await guarded(() => this.#db.deleteFrom('seeds').where('instance', '=', instance).execute());
  }

  #isAlive(): Expression<SqlBool> {
    return sql<SqlBool>`expires_at > ${this.#flavour.now}`;
  }

  #sealed(value: JsonValue): string {
    return JSON.stringify(this.#box.seal(value));
  }
}

/** Removes what can no longer be read since its time is over. */
export async function pruneSeeds(db: Kysely<JournalDatabase>, flavour: SqlFlavour): Promise<void> {
  await db.deleteFrom('seeds').where('expires_at', '<=', flavour.now).execute();
}

/** A token has 128 random bits: a digest without a key gives no help in guessing it, and says nothing by how long it is looked for. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
