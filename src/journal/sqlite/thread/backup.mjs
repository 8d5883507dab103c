import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** @import Sqlite from 'better-sqlite3' */

/**
 * Copies the database, a few pages at a time so that writes go on meanwhile, and gives the copy its name when it is whole
 * and on the disk.
 *
 * @type {(database: Sqlite.Database, to: string) => Promise<void>}
 * @throws EEXIST when there is something of that name
 */
export async function writeBackup(database, to) {
  if (existsSync(to)) throw Object.assign(new Error(`${to} exists already`), { code: 'EEXIST' });
  const partial = `${to}.${randomUUID()}.partial`;
  try {
    // The journal holds what callers sent: nobody else reads it.
    closeSync(openSync(partial, 'wx', 0o600));
    await copyPages(database, partial);
    flush(partial);
    // Unlike a rename it overwrites nothing.
    linkSync(partial, to);
  } finally {
    rmSync(partial, { force: true });
  }
  flush(dirname(to));
}

/**
 * While a transaction is open SQLite says that it is busy, and better-sqlite3 waits. If that is the first thing it hears, it
 * takes the copy, which has no page yet, for complete.
 *
 * @type {(database: Sqlite.Database, to: string) => Promise<void>}
 */
async function copyPages(database, to) {
  for (;;) {
    const { totalPages } = await database.backup(to);
    if (totalPages > 0 || database.pragma('page_count', { simple: true }) === 0) return;
  }
}

/** @param {string} path */
function flush(path) {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
