// pg with prepared statements: the journal's four writes of an operation, over as many connections as the service has.
import { Pool } from 'pg';
import { systemClock } from '../../dist/common/clock.js';
import { silentLog } from '../../dist/common/log.js';
import { Secret } from '../../dist/common/secret.js';
import { openDatabase } from '../../dist/journal/database.js';
import { migrate } from '../../dist/journal/migrate.js';
import { requests } from '../support/journal-requests.mjs';
import { readyToRun } from '../support/measured-calls.mjs';
import { peerOptions } from '../support/peer-process.mjs';
import { rawOperation } from '../support/raw-operation.mjs';

const { url, connections } = peerOptions();
const database = { url: new Secret(url), maxConnections: 1 };
const schema = await openDatabase(database, { clock: systemClock, log: silentLog });
await migrate(schema.db, schema.flavour);
await schema.close();

const pool = new Pool({ connectionString: url, max: connections });
const operation = rawOperation((i) => `$${i}`);
const next = requests();
process.once('SIGTERM', () => void pool.end().then(() => process.exit(0)));
readyToRun(call);

async function call() {
  for (const statement of operation(next())) await pool.query(statement);
}
