import { sql } from 'kysely';
import { errorCodeOf } from '../../common/errors/index.js';
import type { SqlFlavour } from '../sql-flavour.js';

/** PostgreSQL's error code for a row that is there already. */
const UNIQUE_VIOLATION = '23505';

export const postgresFlavour: SqlFlavour = {
  name: 'postgres',
  // Not now(), which stands still for the length of a transaction.
  now: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
  size: sql<number>`pg_database_size(current_database())`,
  locksRows: true,
  turnOf: (target) => sql`pg_advisory_xact_lock(hashtextextended(${target}, 0))`,
  isLike: (column, pattern) => {
    const like = pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
    return sql<boolean>`${sql.ref(column)} like ${like} escape '\\'`;
  },
  elementsOf: (json) => sql`jsonb_array_elements(cast(${json} as jsonb))`,
  isUniqueViolation: (error) => errorCodeOf(error) === UNIQUE_VIOLATION,
};
