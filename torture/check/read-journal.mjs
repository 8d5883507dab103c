// The journal as it lies in its database, read after the workers have ended.
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';

/** Beside the operations, what must be gone when nothing runs. */
const leftoverQueries = {
  breaker: 'SELECT endpoint AS what FROM breakers',
  lease: 'SELECT server AS what FROM workers',
  lock: 'SELECT target AS what FROM operations WHERE holder_id IS NOT NULL AND finished_at IS NULL',
};

/** Rows that keep a further target of an operation. */
const heldQuery = 'SELECT holder_id, target, seq FROM operations WHERE holder_id IS NOT NULL';

/**
 * @param {import('../stage/stage.mjs').Stage} stage
 * @returns {Promise<{ operations: import('../check/history.js').Operation[], leftovers: import('../check/history.js').Leftover[] }>}
 */
export async function readJournal(stage) {
  const database =
    stage.database === 'postgres' ? await openPostgres(stage.postgres.url) : openSqlite(stage.journalFile);
  try {
    const rows = await database.all('SELECT * FROM operations WHERE holder_id IS NULL ORDER BY seq');
    const checkpoints = await database.all('SELECT * FROM checkpoints ORDER BY number');
    const byOperation = new Map(rows.map(({ id }) => [id, []]));
    for (const row of checkpoints) {
      const { name, fence, data, at } = row;
      byOperation.get(row.operation_id)?.push({ name, fence: Number(fence), data: parsed(data), at: Number(at) });
    }
    const also = new Map(rows.map(({ id }) => [id, []]));
    for (const { holder_id: holder, target, seq } of await database.all(heldQuery))
      also.get(holder)?.push({ target, seq: Number(seq) });
    const leftovers = [];
    for (const [kind, query] of Object.entries(leftoverQueries))
      for (const { what } of await database.all(query)) leftovers.push({ kind, what });
    return { operations: rows.map((row) => operationOf(row, byOperation.get(row.id), also.get(row.id))), leftovers };
  } finally {
    await database.close();
  }
}

function operationOf(row, checkpoints, also) {
  const time = (value) => (value === null ? null : Number(value));
  return {
    seq: Number(row.seq),
    id: row.id,
    requestedBy: row.requested_by,
    key: row.request_key,
    method: row.method,
    target: row.target,
    also,
    parentId: row.parent_id,
    params: parsed(row.params),
    host: row.host,
    name: row.name,
    state: row.state,
    attempts: Number(row.attempts),
    acceptedAt: Number(row.accepted_at),
    startedAt: time(row.started_at),
    finishedAt: time(row.finished_at),
    notAfter: time(row.not_after),
    result: parsed(row.result),
    error: parsed(row.error),
    checkpoints,
  };
}

const parsed = (value) => (typeof value === 'string' ? JSON.parse(value) : value);

function openSqlite(file) {
  const database = new Sqlite(file, { readonly: true, fileMustExist: true });
  return { all: async (query) => database.prepare(query).all(), close: async () => database.close() };
}

async function openPostgres(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  return { all: async (query) => (await client.query(query)).rows, close: () => client.end() };
}
