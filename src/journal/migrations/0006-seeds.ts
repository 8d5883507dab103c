import type { Kysely, Migration } from 'kysely';

/** What guests read at their first start. */
export const seeds: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('seeds')
      .addColumn('token_hash', 'text', (column) => column.primaryKey())
      .addColumn('operation_id', 'text', (column) => column.notNull().unique())
      .addColumn('instance', 'text', (column) => column.notNull())
      .addColumn('token', 'text', (column) => column.notNull())
      .addColumn('content', 'text')
      .addColumn('unread', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('seeds_by_instance').on('seeds').column('instance').execute();
    await db.schema.createIndex('seeds_by_expiry').on('seeds').column('expires_at').execute();
  },
};
