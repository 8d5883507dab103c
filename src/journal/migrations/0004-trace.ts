import type { Kysely, Migration } from 'kysely';

/** The trace that an operation is a part of. */
export const trace: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('operations').addColumn('trace', 'text').execute();
  },
};
