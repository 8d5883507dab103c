// Read RPC: the service with the fake driver, beside a raw amqplib echo with equal guarantees and Nest's own RabbitMQ
// transport; and the service to callers of oslo.messaging, beside a server of it with the same queues. Rounds are interleaved, so that all meet the same machine; ratios are what to quote (DESIGN 9).
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import { Load } from './support/load.mjs';
import { nest, oslo } from './support/envelopes.mjs';
import { startPeer, startPythonPeer } from './support/peer-process.mjs';
import { processorTime } from './support/processor-time.mjs';
import { rounded, spread } from './support/statistics.mjs';

const url = process.env.ZENOVA_AMQP_URL ?? 'amqp://127.0.0.1:5672';
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const measureMs = Number(process.env.BENCH_MEASURE_MS ?? 1500);
const inFlights = [1, 16, 64, 256];
const prefetch = 256;
const run = randomUUID().slice(0, 8);

const answer = { state: 'off', transition: null, native_state: 'shutdown', observed_at: new Date().toISOString() };
const body = () => ({ pattern: 'power.query', data: { host: 'fake', instance: 'instance-0001' } });
const hosts = { fake: { driver: 'fake', settings: { instances: 10 } } };
const osloNames = (name) => ({
  exchange: `bench-oslo-${run}`,
  topic: `bench-${name}-${run}`,
  server: `bench-${name}-${run}`,
});
const peers = [
  {
    name: 'zenova',
    queue: `zenova.rpc.bench-${run}`,
    start: () =>
      startPeer('zenova.mjs', {
        settings: { group: `bench-${run}`, server: `bench-${run}`, amqp: { url, prefetch }, hosts },
      }),
  },
  {
    name: 'raw amqplib',
    queue: `bench-raw-${run}`,
    start: ({ queue }) => startPeer('raw-echo.mjs', { url, queue, prefetch, answer }),
  },
  {
    name: 'nest rmq',
    queue: `bench-nest-${run}`,
    start: ({ queue }) => startPeer('nest-echo.mjs', { url, queue, prefetch, answer }),
  },
  {
    name: 'zenova, oslo envelope',
    envelope: oslo,
    queue: osloNames('zenova').topic,
    start: () => {
      const { exchange, topic, server } = osloNames('zenova');
      return startPeer('zenova.mjs', {
        settings: {
          group: server,
          server,
          amqp: { url, prefetch },
          oslo: { enabled: true, control_exchange: exchange, topic },
          hosts,
        },
      });
    },
  },
  {
    name: 'oslo.messaging',
    envelope: oslo,
    queue: osloNames('python').topic,
    start: () =>
      startPythonPeer('oslo-echo.py', { url: url.replace('amqp:', 'rabbit:'), answer, ...osloNames('python') }),
  },
];
/** What stands beside what, and the least ratio that is aimed at. */
const comparisons = [
  { name: 'zenova', other: 'raw amqplib', mark: () => 0.8 },
  { name: 'zenova', other: 'nest rmq' },
  { name: 'zenova, oslo envelope', other: 'oslo.messaging', mark: (inFlight) => (inFlight === 64 ? 10 : undefined) },
];

const started = [];
const load = await Load.connect(url);
try {
  for (const peer of peers) {
    peer.running = await peer.start(peer);
    started.push(peer.running);
  }
  const results = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const inFlight of inFlights) {
      // Another order each round: whoever comes first in a round has no advantage.
      for (let i = 0; i < peers.length; i++) {
        const { name, queue, envelope = nest, running } = peers[(i + round) % peers.length];
        const before = processorTime(running.pid);
        await running.ask?.('begin');
        const figures = await load.run({ queue, body, envelope, inFlight, warmUpMs: 400, measureMs });
        const delays = await running.ask?.('end');
        const cpu = (processorTime(running.pid) - before) / figures.calls;
        const key = `${name}\n${inFlight}`;
        results.set(key, [...(results.get(key) ?? []), { ...figures, ...delays, cpu }]);
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
  console.log('read RPC, requests per second: median (least–greatest) of the rounds');
  console.log(
    'all else are medians, in ms: latency, processor time per answer, event-loop delay (Node alone tells it)',
  );
  for (const inFlight of inFlights) {
    console.log(`\nin flight ${inFlight}`);
    for (const { name } of peers) {
      const figures = of(name, inFlight);
      const rate = spread(figures.map((f) => f.rate));
      const median = (key, digits = 2) => rounded(spread(figures.map((f) => f[key])).median, digits);
      const delay = figures.every(({ delayP50 }) => delayP50 !== undefined)
        ? `  event loop p50 ${median('delayP50')} p99 ${median('delayP99')} max ${median('delayMax')}`
        : '';
      console.log(
        `  ${name.padEnd(21)} ${rounded(rate.median).padStart(7)} (${rounded(rate.min)}–${rounded(rate.max)})  p50 ${median('p50')}  p99 ${median('p99')}  cpu ${median('cpu', 3)}${delay}`,
      );
    }
    for (const { name, other, mark } of comparisons) {
      const ratios = of(name, inFlight).map((f, i) => f.rate / of(other, inFlight)[i].rate);
      const { median, min, max } = spread(ratios);
      const cpu = spread(of(other, inFlight).map((f, i) => f.cpu / of(name, inFlight)[i].cpu)).median;
      const least = mark?.(inFlight);
      const marked = least === undefined ? '' : `, mark ${least}`;
      console.log(
        `  ${name} / ${other}: ${rounded(median, 2)} (${rounded(min, 2)}–${rounded(max, 2)})${marked}; by processor time ${rounded(cpu, 2)}`,
      );
    }
  }
}

/** Fanout queues of oslo.messaging have names of their own, and go by themselves. */
async function removeQueues() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const groups = [`bench-${run}`, osloNames('zenova').server];
  const topics = ['zenova', 'python'].map((name) => osloNames(name));
  const queues = [
    ...peers.map(({ queue }) => queue),
    ...groups.flatMap((group) => [`zenova.rpc.${group}`, `zenova.rpc.server.${group}`]),
    ...topics.map(({ topic, server }) => `${topic}.${server}`),
  ];
  for (const queue of queues) await channel.deleteQueue(queue);
  for (const { exchange, topic } of topics)
    for (const name of [exchange, `${topic}_fanout`]) await channel.deleteExchange(name);
  await connection.close();
}
