// Journalled operations: the service with the fake driver, over AMQP and without, on SQLite and on PostgreSQL, beside raw
// clients that make the same number of writes. Each operation is accepted, begins, leaves a checkpoint and ends: four
// writes, in order. Rounds are interleaved, so that all meet the same machine; ratios are what to quote (DESIGN 9).
import { randomUUID } from 'node:crypto';
import { loadavg } from 'node:os';
import amqp from 'amqplib';
import { hosts, requests } from './support/journal-requests.mjs';
import { Load } from './support/load.mjs';
import { startPeer } from './support/peer-process.mjs';
import { PostgresPlaces, fileSystemOf } from './support/places.mjs';
import { rounded, spread } from './support/statistics.mjs';

const url = process.env.ZENOVA_AMQP_URL ?? 'amqp://127.0.0.1:5672';
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const measureMs = Number(process.env.BENCH_MEASURE_MS ?? 1500);
const only = process.env.BENCH_ONLY;
/** Files of the peers; not /tmp, which is memory on many machines. */
const parent = process.env.BENCH_DIR ?? '/var/tmp';
const inFlights = [64, 256];
const connections = 10;
const run = randomUUID().slice(0, 8);
const marks = { sqlite: 2000, postgres: 1000, delayP99Ms: 20 };

const postgres = new PostgresPlaces(process.env.ZENOVA_POSTGRES_URL);
await postgres.connect();
const load = await Load.connect(url);
const queues = [];
const started = [];
try {
  const peers = [];
  for (const peer of definitions()) {
    if (only !== undefined && !peer.name.includes(only)) continue;
    const running = await peer.start();
    started.push(running);
    peers.push({ ...peer, running, operations: 0 });
  }
  await describePlaces();
  const results = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const inFlight of inFlights) {
      // Another order each round: whoever comes first in a round has no advantage.
      for (let i = 0; i < peers.length; i++) {
        const peer = peers[(i + round) % peers.length];
        const figures = await peer.measure(peer.running, { inFlight, warmUpMs: 400, measureMs });
        const key = `${peer.name}\n${inFlight}`;
        results.set(key, [...(results.get(key) ?? []), figures]);
      }
    }
    console.error(
      `round ${round + 1} of ${rounds}, load ${loadavg()
        .map((value) => rounded(value, 1))
        .join(' ')}`,
    );
  }
  print(peers, results);
} finally {
  await load.close();
  for (const peer of started) await peer.stop();
  await postgres.close();
  await removeQueues();
}

function definitions() {
  const inProcess = (running, options) => running.ask('run', options);
  const base = { hosts, server: `bench-${run}` };
  const onPostgres = async (name) => ({
    url: await postgres.create(`bench_${name}_${run}`),
    max_connections: connections,
  });
  return [
    {
      name: 'zenova over AMQP, SQLite',
      mark: marks.sqlite,
      ...overAmqp('sqlite', async () => ({})),
    },
    {
      name: 'zenova in process, SQLite',
      mark: marks.sqlite,
      beside: 'better-sqlite3, raw',
      start: () => startPeer('zenova-compute.mjs', { parent, settings: base }),
      measure: inProcess,
    },
    {
      name: 'better-sqlite3, raw',
      start: () => startPeer('raw-sqlite.mjs', { parent }),
      measure: inProcess,
    },
    {
      name: 'zenova over AMQP, PostgreSQL',
      mark: marks.postgres,
      ...overAmqp('postgres', () => onPostgres('amqp')),
    },
    {
      name: 'zenova in process, PostgreSQL',
      mark: marks.postgres,
      beside: 'pg, raw',
      start: async () =>
        startPeer('zenova-compute.mjs', { parent, settings: { ...base, journal: await onPostgres('process') } }),
      measure: inProcess,
    },
    {
      name: 'pg, raw',
      start: async () => startPeer('raw-postgres.mjs', { url: await postgres.create(`bench_raw_${run}`), connections }),
      measure: inProcess,
    },
  ];
}

function overAmqp(kind, journal) {
  const group = `bench-${run}-${kind}`;
  const queue = `zenova.rpc.${group}`;
  queues.push(queue, `zenova.rpc.server.${group}`);
  const body = requests();
  return {
    start: async () =>
      startPeer('zenova.mjs', {
        parent,
        settings: {
          hosts,
          group,
          server: group,
          amqp: { url, prefetch: 256, events_exchange: `zenova.events.bench-${run}` },
          journal: await journal(),
        },
      }),
    async measure(running, options) {
      await running.ask('begin');
      const figures = await load.run({ queue, body, ...options });
      return { ...figures, ...(await running.ask('end')) };
    },
  };
}

async function describePlaces() {
  const dataDirectory = await postgres.setting('data_directory');
  const [fsync, commit] = [await postgres.setting('fsync'), await postgres.setting('synchronous_commit')];
  console.log(`SQLite: ${parent}, ${fileSystemOf(parent)}, WAL, synchronous FULL`);
  console.log(
    `PostgreSQL: ${dataDirectory}, ${fileSystemOf(dataDirectory)}, fsync ${fsync}, synchronous_commit ${commit}, ${connections} connections`,
  );
}

function print(peers, results) {
  const of = (name, inFlight) => results.get(`${name}\n${inFlight}`) ?? [];
  console.log('\noperations per second: median (least–greatest) of the rounds; all else are medians, in ms');
  console.log(
    `marks: ${marks.sqlite}/s on SQLite, ${marks.postgres}/s on PostgreSQL, event loop late by ≤ ${marks.delayP99Ms} ms (p99)`,
  );
  for (const inFlight of inFlights) {
    console.log(`\nin flight ${inFlight}`);
    for (const { name, mark } of peers) {
      const figures = of(name, inFlight);
      const rate = spread(figures.map((f) => f.rate));
      const median = (pick, digits = 1) => rounded(spread(figures.map(pick)).median, digits).padStart(6);
      const range = `(${rounded(rate.min)}–${rounded(rate.max)})`.padEnd(13);
      const marked = mark === undefined ? '' : `  ${rounded(rate.median / mark, 2)} of the mark`;
      console.log(
        `  ${name.padEnd(29)} ${rounded(rate.median).padStart(6)} ${range} p50 ${median((f) => f.p50)}  p99 ${median((f) => f.p99)}` +
          `  event loop p50 ${median((f) => f.delayP50)}  p99 ${median((f) => f.delayP99)}  max ${median((f) => f.delayMax)}  cpu ${median((f) => f.cpu / f.calls, 2)}${marked}`,
      );
    }
    for (const { name, beside } of peers) {
      if (beside === undefined || of(beside, inFlight).length === 0) continue;
      const ratios = of(name, inFlight).map((f, i) => f.rate / of(beside, inFlight)[i].rate);
      const { median, min, max } = spread(ratios);
      console.log(`  ${name} / ${beside}: ${rounded(median, 2)} (${rounded(min, 2)}–${rounded(max, 2)})`);
    }
  }
}

async function removeQueues() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  for (const queue of queues) await channel.deleteQueue(queue);
  await channel.deleteExchange(`zenova.events.bench-${run}`);
  await connection.close();
}
