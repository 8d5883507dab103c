import { sql, type ColumnDefinitionBuilder, type Kysely, type Migration } from 'kysely';
import type { SqlFlavour } from '../sql-flavour.js';

/** The first schema: operations, their checkpoints, workers, breakers, facts. */
export function operations(flavour: SqlFlavour['name']): Migration {
  // SQLite numbers rows by a column of this very type; PostgreSQL by an identity.
  const numberType = flavour === 'sqlite' ? 'integer' : 'bigint';
  const numbered = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
    flavour === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity();

  return {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('operations')
        .addColumn('seq', numberType, numbered)
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
        .addColumn('also_targets', 'text')
        .addColumn('holder_id', 'text')
        .addColumn('parent_id', 'text')
        .addColumn('host', 'text')
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('params', 'text', (column) => column.notNull())
        .addColumn('reply_to', 'text')
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('owner', 'text')
        .addColumn('fence', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
        .addColumn('accepted_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .addColumn('not_after', 'bigint')
        .addColumn('result', 'text')
        .addColumn('error', 'text')
        .addUniqueConstraint('operations_request', ['request_key', 'requested_by'])
        .execute();
      // What is unfinished, on a target or of an owner; what is old enough to go. Each leaves out what it is not for, so that no
      // database takes one of them for another.
      await db.schema
        .createIndex('operations_unfinished')
        .on('operations')
        .columns(['target', 'seq'])
        .where('finished_at' as never, 'is', null)
        .execute();
      await db.schema
        .createIndex('operations_owned')
        .on('operations')
        .column('owner')
        .where(sql<boolean>`owner is not null and finished_at is null`)
        .execute();
      // One at a time per target is the database's own rule: whatever two workers see, one of their claims fails.
      await db.schema
        .createIndex('operations_running')
        .unique()
        .on('operations')
        .column('target')
        .where(sql<boolean>`state in ('running', 'held')`)
        .execute();
      await db.schema
        .createIndex('operations_holds')
        .on('operations')
        .column('holder_id')
        .where('holder_id' as never, 'is not', null)
        .execute();
      await db.schema
        .createIndex('operations_finished')
        .on('operations')
        .column('finished_at')
        .where('finished_at' as never, 'is not', null)
        .execute();
      await db.schema.createIndex('operations_message').on('operations').column('message_id').execute();
      await db.schema
        .createIndex('operations_children')
        .on('operations')
        .column('parent_id')
        .where('parent_id' as never, 'is not', null)
        .execute();

      await db.schema
        .createTable('checkpoints')
        .addColumn('number', numberType, numbered)
        .addColumn('operation_id', 'text', (column) => column.notNull().references('operations.id').onDelete('cascade'))
        .addColumn('fence', 'integer', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('data', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('checkpoints_of').on('checkpoints').columns(['operation_id', 'number']).execute();

      await db.schema
        .createTable('workers')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('server', 'text', (column) => column.notNull())
        .addColumn('hosts', 'text', (column) => column.notNull())
        .addColumn('joined_at', 'bigint', (column) => column.notNull())
        .addColumn('lease_until', 'bigint', (column) => column.notNull())
        .addColumn('grace_ms', 'bigint', (column) => column.notNull())
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
}
