import { join } from 'node:path';
import type { Config } from './config/index.js';
import type { DatabaseOptions } from './journal/index.js';

/** Where a configuration keeps its journal. */
export function databaseOf({ journal, stateDir }: Config): DatabaseOptions {
  return journal.url === null
    ? { file: join(stateDir, 'journal.db') }
    : { url: journal.url, maxConnections: journal.maxConnections };
}
