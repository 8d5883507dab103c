import type { Kysely, Migration } from 'kysely';

/** The first schema: operations, their checkpoints, breakers, facts. */
export const operations: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('operations')
      .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('id', 'text', (column) => column.notNull().unique())
      .addColumn('requested_by', 'text', (column) => column.notNull())
      .addColumn('request_key', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull())
      .addColumn('message_id', 'text')
      .addColumn('correlation_id', 'text')
      .addColumn('method', 'text', (column) => column.notNull())
      .addColumn('driver', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('target_settled', 'integer', (column) => column.notNull())
      .addColumn('host', 'text')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('params', 'text', (column) => column.notNull())
      .addColumn('reply_to', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('fence', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('accepted_at', 'bigint', (column) => column.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('finished_at', 'bigint')
      .addColumn('not_after', 'bigint')
      .addColumn('result', 'text')
      .addColumn('error', 'text')
      .addUniqueConstraint('operations_request', ['requested_by', 'request_key'])
      .execute();
    // The two hot questions: what is unfinished on this target, and what is old enough to go.
    await db.schema
      .createIndex('operations_unfinished')
      .on('operations')
      .columns(['target', 'seq'])
      .where('finished_at' as never, 'is', null)
      .execute();
    await db.schema.createIndex('operations_finished').on('operations').column('finished_at').execute();
    await db.schema.createIndex('operations_message').on('operations').column('message_id').execute();
    await db.schema.createIndex('operations_key').on('operations').column('request_key').execute();

    await db.schema
      .createTable('checkpoints')
      .addColumn('operation_id', 'text', (column) => column.notNull().references('operations.id').onDelete('cascade'))
      .addColumn('number', 'integer', (column) => column.notNull())
      .addColumn('fence', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('checkpoints_order', ['operation_id', 'number'])
      .execute();

    await db.schema
      .createTable('breakers')
      .addColumn('endpoint', 'text', (column) => column.notNull())
      .addColumn('user_name', 'text', (column) => column.notNull())
      .addColumn('credential', 'text', (column) => column.notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('opened_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('breakers_of', ['endpoint', 'user_name', 'credential'])
      .execute();

    await db.schema
      .createTable('facts')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute();
  },
};
