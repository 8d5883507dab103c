import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { preparing } from '../../src/journal/postgres/prepared-statements.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase } from '../support/postgres.js';
import { PLACES, accepted, claimed, operation, self } from './journal-places.js';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

it('prepares what comes often, and nothing else', async () => {
  const pool = preparing(new Pool({ connectionString: database.url, max: 1 }));
  const client = await pool.connect();
  for (let i = 0; i < 10; i++) {
    const often = await client.query('select $1::int as often', [i]);
    expect(often.rows).toEqual([{ often: i }]);
    await client.query(`select ${i} as once`, []);
  }
  const prepared = await client.query('select statement from pg_prepared_statements', []);
  expect(prepared.rows).toEqual([{ statement: 'select $1::int as often' }]);
  client.release();
  await pool.end();
});

it('keeps a bounded number of statements prepared', async () => {
  const pool = preparing(new Pool({ connectionString: database.url, max: 1 }));
  const client = await pool.connect();
  for (let i = 0; i < 210; i++) for (let times = 0; times < 5; times++) await client.query(`select ${i} as text`, []);
  const prepared = await client.query('select count(*)::int as count from pg_prepared_statements', []);
  expect(prepared.rows).toEqual([{ count: 200 }]);
  client.release();
  await pool.end();
});

it('finds the rows of an operation by an index, even while there are so few that it would not matter', async () => {
  const makePlace = new Map(PLACES).get('PostgreSQL');
  const place = await makePlace?.();
  if (place === undefined || !('url' in place.database)) throw new Error('there is no PostgreSQL among the places');
  const client = new Client(place.database.url.reveal());
  await client.connect();
  const carryOut = async (count: number): Promise<void> => {
    const opened = await place.open();
    const { journal } = opened;
    for (let i = 0; i < count; i++) {
      const record = await accepted(opened, operation());
      const lease = await claimed(opened, record);
      await journal.checkpoint(lease, { name: 'step', data: null, at: 1 });
      await journal.conclude(record, lease.fence, { state: 'done', result: {} }, 1);
      expect(await journal.findById(record.id)).toEqual(await journal.findByKey(record.requestedBy, record.requestKey));
    }
    await opened.close();
  };
  const sessions = 'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
  const readWhole = async (): Promise<number> => {
    // The last thing that a session does is to tell what it has done.
    await eventually(
      async () => (await client.query(`${sessions} and backend_type = 'client backend'`)).rowCount === 0,
      'all sessions to be over',
    );
    const { rows } = await client.query<{ seq_scan: string }>(
      `select seq_scan from pg_stat_user_tables where relname = 'operations'`,
    );
    return Number(rows[0]?.seq_scan);
  };
  await carryOut(3);
  await client.query('vacuum analyze');
  const before = await readWhole();
  await carryOut(20);
  expect(await readWhole()).toBe(before);
  await client.end();
  await place.remove();
});

it('keeps its order among workers while plans are kept', async () => {
  const makePlace = new Map(PLACES).get('PostgreSQL');
  const place = await makePlace?.();
  if (place === undefined) throw new Error('there is no PostgreSQL among the places');
  const [one, another] = [await place.open(), await place.open()];
  for (let i = 0; i < 10; i++) {
    const first = await accepted(one);
    const second = await accepted(another);
    expect(await another.journal.claim(second, self, 1)).toBeUndefined();
    const lease = await claimed(one, first);
    await one.journal.conclude(first, lease.fence, { state: 'done', result: {} }, 1);
    const next = await claimed(another, second);
    await another.journal.conclude(second, next.fence, { state: 'done', result: {} }, 1);
  }
  await Promise.all([one.close(), another.close()]);
  await place.remove();
});
