import type { Kysely, Migration } from 'kysely';

/** Digests of what an instance was told at its making and cannot be told afterwards: whether a description still says the same. */
export const madeWith: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('instances').addColumn('made_with', 'text').execute();
  },
};
