// The state of a partition, a list, off and on: Zenova beside the real fence_ibmz, at the same simulated HMC, with and
// without latency; then what the two do where they differ. Rounds are interleaved; ratios are what to quote.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import amqp from 'amqplib';
import { ZenovaClient } from '../dist/client/index.js';
import { freePort } from '../scripts/server/free-port.mjs';
import { runCommand } from './support/command.mjs';
import { FenceIbmz } from './support/fence-ibmz.mjs';
import { differences, oddPartitions } from './support/hmc-differences.mjs';
import { startPeer } from './support/peer-process.mjs';
import { serviceConfig } from './support/service-config.mjs';
import { ServiceProcess } from './support/service-process.mjs';
import { rounded, spread } from './support/statistics.mjs';

const url = process.env.ZENOVA_AMQP_URL ?? 'amqp://127.0.0.1:5672';
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const latencies = [0, 50];
const cpc = 'CPC1';
const timing = { start_ms: 2000, paused_ms: 500, stop_ms: 1500 };
const LARGE = 500;
/** After an answer, for requests that were left to be made. */
const QUIET_MS = 400;
const LONGEST_SETTLING_MS = 20_000;

const ordinary = Array.from({ length: 16 }, (_, i) => ({ name: `lpar${i}`, status: 'active' }));
const small = [...ordinary, ...oddPartitions];
const [looked, fenced, switched] = ordinary.map(({ name }) => name);
const logins = {
  fence: { name: 'fence', password: randomUUID() },
  zenova: { name: 'zenova', password: randomUUID() },
};

const group = `bench-${randomUUID().slice(0, 8)}`;
const directory = mkdtempSync(join(tmpdir(), 'zenova-hmc-'));
const configFile = join(directory, 'zenova.yaml');
const passwordFile = join(directory, 'hmc.password');
const port = await freePort();
const hmc = await startPeer('hmc.mjs', {
  users: Object.values(logins),
  timing,
  cpc,
  small,
  large: LARGE,
  certificates: { small: join(directory, 'small.pem'), large: join(directory, 'large.pem') },
});

const fence = new FenceIbmz({ username: logins.fence.name, password: logins.fence.password });
let places;
const byFence = (action, name, place = places.small) =>
  fence.run(action, place, name === undefined ? undefined : `${cpc}/${name}`);
const byZenova = (method, instance, params = {}) => client.call(method, { host: 'small', instance, ...params });
/** Of each action, in order: what it took each, at this latency. */
const figures = new Map();
let service;
let client;
try {
  places = await hmc.ask('places');
  writeFileSync(passwordFile, logins.zenova.password, { mode: 0o600 });
  serviceConfig(directory, {
    group,
    server: group,
    amqp: { url },
    http: { host: '127.0.0.1', port },
    hosts: { small: hostAt(places.small), large: hostAt(places.large) },
  });
  const loadBefore = loadavg()[0];
  for (let round = 0; round < rounds; round++) {
    for (const latency of latencies) {
      await hmc.ask('latency', latency);
      await measure(latency, round);
    }
    console.error(`round ${round + 1} of ${rounds}`);
  }
  print(await FenceIbmz.version(), loadBefore);
  await hmc.ask('latency', 0);
  await open();
  printDifferences(await differences(hmc, byFence, byZenova));
  await close();
  console.log(`\nsessions left at the HMCs: ${await hmc.ask('sessions')}`);
} finally {
  await close();
  await hmc.stop();
  rmSync(directory, { recursive: true });
  await removeQueues();
}

async function measure(latency, round) {
  const note = async (key, work) => {
    const name = `${latency} ${key}`;
    figures.set(name, [...(figures.get(name) ?? []), await measured(work)]);
  };
  /** Another order each round: whoever comes first in a round has no advantage. */
  const inTurn = async (works) => {
    const entries = Object.entries(works);
    for (let i = 0; i < entries.length; i++) await note(...entries[(i + round) % entries.length]);
  };
  await inTurn({
    'fence start': () => fence.start(),
    'zenova start': () => commandLine('power', 'query', '--help'),
  });
  await open();
  await note('zenova first query', () => inState('on', byZenova('power.query', looked)));
  await client.call('compute.list_instances', { host: 'large' });
  await followed('small', looked);
  await followed('large', 'p001');
  await inTurn({
    'fence query': () => inState('on', byFence('status', looked)),
    'zenova query': () => inState('on', byZenova('power.query', looked)),
    'zenova known query': () => inState('on', byZenova('power.query', looked, { max_age_ms: 60_000 })),
    'zenova command': () => commandLine('power', 'query', '--host', 'small', '--instance', looked),
  });
  await inTurn({
    'fence list': () => hasAll(small.length, byFence('list')),
    'zenova list': () => hasAll(small.length, client.call('compute.list_instances', { host: 'small' })),
  });
  await inTurn({
    'fence long list': () => hasAll(LARGE, byFence('list', undefined, places.large)),
    'zenova long list': () => hasAll(LARGE, client.call('compute.list_instances', { host: 'large' })),
  });
  for (const state of ['off', 'on'])
    await inTurn({
      [`fence ${state}`]: () => succeeded(byFence(state, fenced)),
      [`zenova ${state}`]: () => inState(state, byZenova(`power.${state}`, switched)),
    });
  await close();
}

async function open() {
  service = await ServiceProcess.start(configFile, port);
  client = await ZenovaClient.connect({ url, group });
}

async function close() {
  await client?.close();
  await service?.stop();
}

/** Resolves once the service hears from the HMC what happens there: then it knows states that it did not ask for. */
async function followed(host, instance) {
  const endsAt = performance.now() + LONGEST_SETTLING_MS;
  for (;;) {
    const { requests } = await measured(() => client.call('power.query', { host, instance, max_age_ms: 60_000 }));
    if (requests === 0) return;
    if (performance.now() > endsAt) throw new Error(`the service does not hear of the HMC of ${host}`);
  }
}

/** How long something takes, by its own account where it gives one, and the requests that it makes. */
async function measured(work) {
  await hmc.ask('requests');
  const startedAt = performance.now();
  const answer = await work();
  const ms = answer?.ms ?? performance.now() - startedAt;
  await setTimeout(QUIET_MS);
  return { ms, requests: await hmc.ask('requests') };
}

/** `zenova`, as somebody types it. */
function commandLine(...args) {
  const env = { ...process.env, ZENOVA_AMQP_URL: url };
  return succeeded(runCommand(process.execPath, [zenovaProgram(), '--group', group, ...args], { env }));
}

function zenovaProgram() {
  return fileURLToPath(new URL('../bin/zenova.mjs', import.meta.url));
}

async function succeeded(running) {
  const result = await running;
  if (result.status !== 0)
    throw new Error(`a program ended with status ${result.status}: ${result.errors}${result.output}`);
  return result;
}

/** The state is this one, whoever tells it. */
async function inState(wanted, answering) {
  const answer = await answering;
  const state = answer.state ?? /^Status: (\w+)$/m.exec(answer.output)?.[1].toLowerCase();
  if (state !== wanted) throw new Error(`the partition is ${state}, not ${wanted}: ${answer.errors ?? ''}`);
  return answer;
}

/** It lists so many, whoever does; fence_ibmz a line for each. */
async function hasAll(count, answering) {
  const answer = await answering;
  const found = answer.instances?.length ?? answer.output.trim().split('\n').length;
  if (found !== count) throw new Error(`${found} partitions are listed, not ${count}: ${answer.errors ?? ''}`);
  return answer;
}

function hostAt({ port: hmcPort, stompPort, certificate }) {
  return {
    driver: 'hmc-dpm',
    settings: {
      endpoint: `127.0.0.1:${hmcPort}`,
      userid: logins.zenova.name,
      password: { file: passwordFile },
      cpc,
      tls: { ca_file: certificate },
      notifications: { port: stompPort },
    },
    manage: ['*'],
  };
}

function print(version, loadBefore) {
  const cells = (entries) => {
    const { median, min, max } = spread(entries.map(({ ms }) => ms));
    const requests = spread(entries.map((entry) => entry.requests));
    const times = `${rounded(median)} (${rounded(min)}–${rounded(max)})`;
    return [times, requests.min === requests.max ? String(requests.median) : `${requests.min}–${requests.max}`];
  };
  const line = ([name, ...rest]) =>
    console.log(`  ${name.padEnd(40)}${rest.map((cell, i) => cell.padStart([19, 10, 19, 10, 8][i])).join('')}`);
  const ofHmc = (ms) => `of which the HMC takes ${ms}`;

  console.log(
    `fence_ibmz ${version} and Zenova at the same simulated HMC: median (least–greatest) of ${rounds} rounds`,
  );
  console.log(`load of the machine ${rounded(loadBefore, 1)} before, ${rounded(loadavg()[0], 1)} after`);
  console.log(
    'fence_ibmz is a process with a logon for each action; Zenova is called by RPC, where no process is named',
  );
  console.log(
    'what is late is each answer, not the connection before it, of which fence_ibmz makes one for each action',
  );
  for (const latency of latencies) {
    const row = (name, zenova, beside = zenova) => {
      const [byFence, byZenova] = [
        figures.get(`${latency} fence ${beside}`),
        figures.get(`${latency} zenova ${zenova}`),
      ];
      const ratios = byZenova.map(({ ms }, i) => byFence[i].ms / ms);
      line([name, ...cells(byFence), ...cells(byZenova), rounded(spread(ratios).median, 1)]);
    };
    console.log(`\nanswers and notifications of the HMC ${latency} ms late`);
    line(['', 'fence_ibmz, ms', 'requests', 'Zenova, ms', 'requests', 'ratio']);
    row('the process alone, which asks nothing', 'start');
    row('state', 'query');
    row('  first call of a service, with a logon', 'first query', 'query');
    row('  may be a minute old (max_age_ms)', 'known query', 'query');
    row('  the process zenova power query', 'command', 'query');
    row(`list of ${small.length}`, 'list');
    row(`list of ${LARGE}`, 'long list');
    row(`off, ${ofHmc(timing.stop_ms)}`, 'off');
    row(`on, ${ofHmc(timing.start_ms + timing.paused_ms)}`, 'on');
  }
}

function printDifferences(rows) {
  console.log('\nwhere the two differ, as seen in this run');
  for (const { asked, before, fence: fenceSeen, zenova } of rows) {
    console.log(`  ${asked}, with ${before}`);
    console.log(`    fence_ibmz  ${fenceSeen.answer}; then ${fenceSeen.after}`);
    console.log(`    Zenova      ${zenova.answer}; then ${zenova.after}`);
  }
}

async function removeQueues() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  for (const queue of [`zenova.rpc.${group}`, `zenova.rpc.server.${group}`]) await channel.deleteQueue(queue);
  await connection.close();
}
