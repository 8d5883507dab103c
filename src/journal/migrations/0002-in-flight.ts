import type { Kysely, Migration } from 'kysely';

/** Until when a request of an operation's former owner may be under way. */
export const inFlight: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable('operations').addColumn('in_flight_until', 'bigint').execute();
  },
};
