import { sql } from 'kysely';
import { errorCodeOf } from '../../common/errors/index.js';
import type { SqlFlavour } from '../sql-flavour.js';

export const sqliteFlavour: SqlFlavour = {
  name: 'sqlite',
  now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  size: sql<number>`(select page_count * page_size from pragma_page_count(), pragma_page_size())`,
  // One writer at a time is all there is.
  locksRows: false,
  turnOf: () => sql`1`,
  // Its LIKE takes no notice of case.
  isLike: (column, pattern) => sql<boolean>`${sql.ref(column)} glob ${pattern.replace(/[?[]/g, '[$&]')}`,
  elementsOf: (json) => sql`json_each(${json})`,
  isUniqueViolation: (error) => errorCodeOf(error) === 'SQLITE_CONSTRAINT_UNIQUE',
};
