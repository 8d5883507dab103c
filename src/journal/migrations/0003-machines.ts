import type { Kysely, Migration } from 'kysely';

/** Registered machines. */
export const machines: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('machines')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('power_type', 'text', (column) => column.notNull())
      .addColumn('parameters', 'text', (column) => column.notNull())
      .addColumn('controller', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('error', 'text')
      .addColumn('state', 'text')
      .addColumn('transition', 'text')
      .addColumn('native_state', 'text')
      .addColumn('observed_at', 'bigint')
      .addColumn('registered_by', 'text', (column) => column.notNull())
      .addColumn('registered_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('machines_by_controller')
      .on('machines')
      .columns(['power_type', 'controller', 'name'])
      .execute();
  },
};
