import type { Kysely, Migration } from 'kysely';

/** Instances that were spawned or adopted. */
export const instances: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('instances')
      .addColumn('target', 'text', (column) => column.primaryKey())
      .addColumn('host', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('origin', 'text', (column) => column.notNull())
      .addColumn('owned_by', 'text', (column) => column.notNull())
      .addColumn('owned_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('instances_by_name').on('instances').columns(['host', 'name']).execute();
    await db.schema.createIndex('instances_by_id').on('instances').columns(['host', 'id']).execute();
  },
};
