// A fleet of 10,000 registered machines behind simulated HMCs and webhook servers: what a sweep of power.query_many takes and
// asks, beside power.query of each; what the service holds meanwhile; how soon it is ready; what a dead controller costs (DESIGN 9).
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import amqp from 'amqplib';
import { walkPages } from '../dist/cli/walk-pages.js';
import { ZenovaClient } from '../dist/client/index.js';
import { freePort } from '../scripts/server/free-port.mjs';
import { startPeer } from './support/peer-process.mjs';
import { serviceConfig } from './support/service-config.mjs';
import { ServiceProcess } from './support/service-process.mjs';
import { rounded, spread } from './support/statistics.mjs';

const url = process.env.ZENOVA_AMQP_URL ?? 'amqp://127.0.0.1:5672';
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const fleet = { hmcs: 20, cpcs: 4, partitions: 100, webhooks: 20, machines: 100 };
const login = { user: 'bench', password: randomUUID() };
const DEAD_TIMEOUT_MS = 10_000;
const SAMPLE = 500;
const IN_FLIGHT = 64;
const SETTLE_MS = 3000;

const group = `bench-${randomUUID().slice(0, 8)}`;
const directory = mkdtempSync(join(tmpdir(), 'zenova-fleet-'));
const port = await freePort();
serviceConfig(directory, { group, server: group, amqp: { url }, hosts: {}, http: { host: '127.0.0.1', port } });
const configFile = join(directory, 'zenova.yaml');

const simulators = await startPeer('fleet.mjs', { ...fleet, ...login });
let service;
let client;
try {
  const machines = fleetOf(await simulators.ask('places'));
  await open();
  await setTimeout(SETTLE_MS);
  const idleMb = service.residentMb;
  await inFlight(machines, IN_FLIGHT, (machine) => client.call('machine.register', { ...machine, skip_check: true }));
  console.error(`${machines.length} machines are registered, at ${rounded(performance.now() / 1000)} s`);

  // Anew, so that memory and time to be ready are those of a service that has them.
  const readyMs = [];
  for (let round = 0; round < rounds; round++) {
    await close();
    await open();
    readyMs.push(service.readyMs);
  }
  await setTimeout(SETTLE_MS);
  const registeredMb = service.residentMb;

  await sweep({}); // logons
  await simulators.ask('counts');
  const sweeps = [];
  for (let round = 0; round < rounds; round++) {
    const { result, peak } = await service.peakDuring(() => sweep({}));
    sweeps.push({ ...result, ...peak, counts: await simulators.ask('counts') });
    console.error(`round ${round + 1} of ${rounds}`);
  }
  const sample = machines.filter((_, i) => i % Math.floor(machines.length / SAMPLE) === 0);
  const beganAt = performance.now();
  await inFlight(sample, IN_FLIGHT, ({ machine }) => client.call('power.query', { machine }));
  const oneByOneMs = ((performance.now() - beganAt) * machines.length) / sample.length;
  await simulators.ask('counts');

  await simulators.ask('hang');
  const dead = await sweep({ timeout_ms: DEAD_TIMEOUT_MS });
  const deadCounts = await simulators.ask('counts');
  await simulators.ask('mend');
  print({ machines, idleMb, registeredMb, readyMs, sweeps, oneByOneMs, dead, deadCounts });
} finally {
  await close();
  await simulators.stop();
  rmSync(directory, { recursive: true });
  await removeQueues();
}

async function open() {
  service = await ServiceProcess.start(configFile, port);
  client = await ZenovaClient.connect({ url, group });
}

async function close() {
  await client?.close();
  await service?.stop();
}

function fleetOf({ hmcs, webhooks }) {
  const range = (length) => Array.from({ length }, (_, i) => i);
  const partitions = hmcs.flatMap((hmcPort, hmc) =>
    range(fleet.cpcs).flatMap((cpc) =>
      range(fleet.partitions).map((n) => {
        const name = `c${cpc}-${String(n).padStart(4, '0')}`;
        return {
          machine: `hmc${hmc}-${name}`,
          power_type: 'hmcz',
          power_parameters: {
            power_address: `127.0.0.1:${hmcPort}`,
            power_user: login.user,
            power_pass: login.password,
            power_partition_name: name,
            power_verify_ssl: 'n',
          },
        };
      }),
    ),
  );
  const hooked = webhooks.flatMap((origin, server) =>
    range(fleet.machines).map((n) => ({
      machine: `web${server}-m${n}`,
      power_type: 'webhook',
      power_parameters: {
        power_on_uri: `${origin}/machines/m${n}/on`,
        power_off_uri: `${origin}/machines/m${n}/off`,
        power_query_uri: `${origin}/machines/m${n}/status`,
      },
    })),
  );
  return [...partitions, ...hooked];
}

async function inFlight(items, count, work) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

/** All pages, as the command line goes through them; when the last machine with an answer was told of, and the end. */
async function sweep(params) {
  const beganAt = performance.now();
  const figures = { results: 0, failed: 0, lastAnswerMs: 0, pages: 0 };
  const note = (results) => {
    if (results.some(({ error }) => error === null)) figures.lastAnswerMs = performance.now() - beganAt;
  };
  await walkPages(undefined, (after) => {
    let told;
    const early = new Promise((resolve) => {
      told = resolve;
    });
    const toldOf = new Set();
    const page = client.call('power.query_many', after === undefined ? params : { ...params, after }, {
      onProgress({ results, next }) {
        told(next);
        note(results);
        for (const { machine } of results) toldOf.add(machine);
      },
    });
    const dealWith = async () => {
      const { results } = await page;
      note(results.filter(({ machine }) => !toldOf.has(machine)));
      figures.results += results.length;
      figures.failed += results.filter(({ error }) => error !== null).length;
      figures.pages += 1;
    };
    return { next: Promise.race([early, page.then(({ next }) => next)]), done: dealWith() };
  });
  return { ...figures, tookMs: performance.now() - beganAt };
}

function print({ machines, idleMb, registeredMb, readyMs, sweeps, oneByOneMs, dead, deadCounts }) {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const of = (key, digits = 0) => {
    const { median, min, max } = spread(sweeps.map((figures) => figures[key]));
    return `${rounded(median, digits)} (${rounded(min, digits)}–${rounded(max, digits)})`;
  };
  const ready = spread(readyMs);
  const { counts } = sweeps.at(-1);
  const partitions = fleet.hmcs * fleet.cpcs * fleet.partitions;
  const hooked = fleet.webhooks * fleet.machines;
  const tookMs = spread(sweeps.map((figures) => figures.tookMs)).median;
  const row = (name, value) => console.log(`  ${name.padEnd(34)} ${value}`);

  console.log(`a fleet of ${machines.length} machines: median (least–greatest) of ${rounds} rounds`);
  row('power.query_many of all, ms', of('tookMs'));
  row('  machines per second', rounded((1000 * machines.length) / tookMs));
  row('  processor time of the service, ms', of('cpu'));
  row('  pages', of('pages'));
  row('  without an answer', of('failed'));
  row('power.query of each, ms', `${rounded(oneByOneMs)}, from ${SAMPLE} with ${IN_FLIGHT} in flight`);
  row('  ratio', rounded(oneByOneMs / tookMs, 1));
  const per = (requests, controllers, count) =>
    `${requests} for ${count} machines: ${rounded(requests / controllers, 2)} per controller, ${rounded(requests / count, 4)} per machine`;
  row(`requests to ${fleet.hmcs} HMCs`, per(sum(counts.hmcs), fleet.hmcs, partitions));
  row(`requests to ${fleet.webhooks} webhook servers`, per(sum(counts.webhooks), fleet.webhooks, hooked));
  row('open sockets at the peak', of('sockets'));
  row('resident, idle, MB', `${rounded(idleMb)}, mark 150`);
  row(`resident, ${machines.length} machines, MB`, `${rounded(registeredMb)}, mark 300`);
  row('resident, peak of a sweep, MB', of('residentMb'));
  row('ready after the start, ms', `${rounded(ready.median)} (${rounded(ready.min)}–${rounded(ready.max)}), mark 1500`);
  row('with an HMC that never answers:', `a time limit of ${DEAD_TIMEOUT_MS} ms`);
  row('  sweep, ms', rounded(dead.tookMs));
  row('  the last other machine told of, ms', rounded(dead.lastAnswerMs));
  row('  without an answer', `${dead.failed}, of ${fleet.cpcs * fleet.partitions} behind it`);
  row('  requests to it', String(deadCounts.hmcs[0]));
}

async function removeQueues() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  for (const queue of [`zenova.rpc.${group}`, `zenova.rpc.server.${group}`]) await channel.deleteQueue(queue);
  await connection.close();
}
