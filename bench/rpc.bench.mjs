// Read RPC: the service with the fake driver, beside a raw amqplib echo with equal guarantees and Nest's own RabbitMQ
// transport. Rounds are interleaved, so that all meet the same machine; ratios are what to quote (DESIGN 9).
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import { Load } from './support/load.mjs';
import { startPeer } from './support/peer-process.mjs';
import { rounded, spread } from './support/statistics.mjs';

const url = process.env.ZENOVA_AMQP_URL ?? 'amqp://127.0.0.1:5672';
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const measureMs = Number(process.env.BENCH_MEASURE_MS ?? 1500);
const inFlights = [1, 16, 64, 256];
const prefetch = 256;
const run = randomUUID().slice(0, 8);

const answer = { state: 'off', transition: null, native_state: 'shutdown', observed_at: new Date().toISOString() };
const body = () => ({ pattern: 'power.query', data: { host: 'fake', instance: 'instance-0001' } });
const peers = [
  {
    name: 'zenova',
    file: 'zenova.mjs',
    queue: `zenova.rpc.bench-${run}`,
    options: {
      settings: {
        group: `bench-${run}`,
        server: `bench-${run}`,
        amqp: { url, prefetch },
        hosts: { fake: { driver: 'fake', settings: { instances: 10 } } },
      },
    },
  },
  { name: 'raw amqplib', file: 'raw-echo.mjs', queue: `bench-raw-${run}`, options: { answer } },
  { name: 'nest rmq', file: 'nest-echo.mjs', queue: `bench-nest-${run}`, options: { answer } },
];

const started = [];
const load = await Load.connect(url);
try {
  for (const { file, queue, options } of peers)
    started.push(await startPeer(file, { url, queue, prefetch, ...options }));
  const results = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const inFlight of inFlights) {
      // Another order each round: whoever comes first in a round has no advantage.
      for (let i = 0; i < peers.length; i++) {
        const { name, queue } = peers[(i + round) % peers.length];
        const figures = await load.run({ queue, body, inFlight, warmUpMs: 400, measureMs });
        const key = `${name}\n${inFlight}`;
        results.set(key, [...(results.get(key) ?? []), figures]);
      }
    }
    console.error(`round ${round + 1} of ${rounds}`);
  }
  print(results);
} finally {
  await load.close();
  for (const peer of started) await peer.stop();
  await removeQueues();
}

function print(results) {
  const of = (name, inFlight) => results.get(`${name}\n${inFlight}`) ?? [];
  console.log('read RPC, requests per second: median (least–greatest) of the rounds; p50 and p99 in ms, medians');
  for (const inFlight of inFlights) {
    console.log(`\nin flight ${inFlight}`);
    for (const { name } of peers) {
      const figures = of(name, inFlight);
      const rate = spread(figures.map((f) => f.rate));
      const [p50, p99] = ['p50', 'p99'].map((key) => rounded(spread(figures.map((f) => f[key])).median, 2));
      console.log(
        `  ${name.padEnd(12)} ${rounded(rate.median).padStart(7)} (${rounded(rate.min)}–${rounded(rate.max)})  p50 ${p50}  p99 ${p99}`,
      );
    }
    for (const other of ['raw amqplib', 'nest rmq']) {
      const ratios = of('zenova', inFlight).map((f, i) => f.rate / of(other, inFlight)[i].rate);
      const { median, min, max } = spread(ratios);
      console.log(`  zenova / ${other}: ${rounded(median, 2)} (${rounded(min, 2)}–${rounded(max, 2)})`);
    }
  }
}

async function removeQueues() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  for (const queue of [...peers.map((peer) => peer.queue), `zenova.rpc.server.bench-${run}`])
    await channel.deleteQueue(queue);
  await connection.close();
}
