// better-sqlite3 on the main thread: the journal's four writes of an operation, each with a commit and an fsync of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { systemClock } from '../../dist/common/clock.js';
import { silentLog } from '../../dist/common/log.js';
import { openDatabase } from '../../dist/journal/database.js';
import { migrate } from '../../dist/journal/migrate.js';
import { requests } from '../support/journal-requests.mjs';
import { readyToRun } from '../support/measured-calls.mjs';
import { peerOptions } from '../support/peer-process.mjs';
import { rawOperation } from '../support/raw-operation.mjs';

const { parent } = peerOptions();
const directory = mkdtempSync(join(parent, 'zenova-bench-'));
const file = join(directory, 'raw.db');
const schema = await openDatabase({ file }, { clock: systemClock, log: silentLog });
await migrate(schema.db, schema.flavour);
await schema.close();

const database = new Sqlite(file);
database.pragma('locking_mode = EXCLUSIVE');
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.pragma('foreign_keys = ON');
const prepared = new Map();
const operation = rawOperation(() => '?');
const next = requests();
process.once('SIGTERM', end);
readyToRun(call);

async function call() {
  for (const { name, text, values } of operation(next())) {
    let statement = prepared.get(name);
    if (statement === undefined) prepared.set(name, (statement = database.prepare(text)));
    statement.run(values);
  }
  // Others have their turn, and the end of the measurement is seen.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function end() {
  database.close();
  rmSync(directory, { recursive: true });
  process.exit(0);
}
