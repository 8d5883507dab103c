// What is still there after everything has ended.
import { Client } from 'pg';

/**
 * Messages and temporary queues, once callers have closed theirs.
 *
 * @param {import('../stage/stage.mjs').Stage} stage
 */
export async function brokerLeftovers({ broker }) {
  const text = await broker.ctl(
    'list_queues',
    '--formatter',
    'json',
    'name',
    'messages_ready',
    'messages_unacknowledged',
    'consumers',
  );
  const leftovers = [];
  for (const { name, messages_ready: ready, messages_unacknowledged: unacked, consumers } of JSON.parse(text)) {
    // oslo.messaging's own queues for replies and fanout stay until their time is over: that is how it means them.
    if (/^reply_|_fanout_/.test(name)) continue;
    if (!/^zenova(\.rpc|\.worker|$)/.test(name)) leftovers.push({ kind: 'queue', what: `the temporary queue ${name}` });
    if (ready + unacked > 0)
      leftovers.push({ kind: 'message', what: `${ready} ready and ${unacked} unacknowledged messages in ${name}` });
    if (consumers > 0) leftovers.push({ kind: 'consumer', what: `${consumers} consumers of ${name}` });
  }
  return leftovers;
}

/** @param {import('../stage/stage.mjs').Stage} stage */
export function hmcLeftovers({ simulator }) {
  const sessions = simulator.sessionCount();
  return sessions === 0 ? [] : [{ kind: 'session', what: `${sessions} sessions on the HMC` }];
}

/** @param {import('../stage/stage.mjs').Stage} stage */
export function processLeftovers({ workers }) {
  return workers
    .filter((worker) => worker.isRunning)
    .map(({ name, pid }) => ({ kind: 'process', what: `${name}, process ${pid}` }));
}

/**
 * Connections of workers.
 *
 * @param {import('../stage/stage.mjs').Stage} stage
 */
export async function databaseLeftovers({ postgres }) {
  if (postgres === undefined) return [];
  return asked(postgres, async (client) => {
    const { rows } = await client.query(
      "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    return rows.map(({ pid, state, query }) => ({
      kind: 'connection',
      what: `database connection ${pid}, ${state}: ${query}`,
    }));
  });
}

/**
 * Leases of workers that were killed end with time alone; the living give theirs back.
 *
 * @param {import('../stage/stage.mjs').Stage} stage
 */
export async function leasesOfTheDead({ postgres, workers }) {
  if (postgres === undefined) return 0;
  return asked(postgres, async (client) => {
    const { rows } = await client.query('SELECT count(*)::int AS count FROM workers');
    return rows[0].count - workers.length;
  });
}

async function asked(postgres, work) {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
