// The state of a guest, a list, 1,000 guests, and a guest beside a frozen one: node-libvirt and the service by RPC,
// beside Debian's python3-libvirt and the virsh program, at one private libvirtd. Rounds are interleaved; ratios are what to quote.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import amqp from 'amqplib';
import {
  connect,
  connectGetAllDomainStats,
  ConnectionPool,
  domainCreateXml,
  domainDefineXmlFlags,
  domainGetState,
  domainMemoryStats,
} from '../packages/node-libvirt/dist/index.js';
import { ZenovaClient } from '../dist/client/index.js';
import { startLibvirtd } from '../scripts/libvirtd.mjs';
import { freePort } from '../scripts/server/free-port.mjs';
import { byPython, byVirsh } from './support/libvirt-peers.mjs';
import { serviceConfig } from './support/service-config.mjs';
import { ServiceProcess } from './support/service-process.mjs';
import { rounded, spread } from './support/statistics.mjs';

const url = process.env.ZENOVA_AMQP_URL ?? 'amqp://127.0.0.1:5672';
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const QUERIES = 300;
const LISTS = 20;
const PROGRAMS = 5;
const FEW = 16;
const MANY = 1000;
/** Longer than a guest stays frozen: what hangs is to hang until it goes on. */
const HANGING_MS = 600_000;
/** More than a pool lets at one guest at once; the others of them wait in the pool. */
const HANGING_CALLS = 8;
const WANTED_BELOW_MICROSECONDS = 1000;

const group = `bench-${randomUUID().slice(0, 8)}`;
const directory = mkdtempSync(join(tmpdir(), 'zenova-libvirt-'));
const daemon = await startLibvirtd({ emulators: ['x86_64'] });
const at = (uri) => {
  const [driver, path] = uri.split('://');
  return `${driver}+unix://${path}?socket=${daemon.socketPath}`;
};
const qemu = at(daemon.qemuUri);
const manyFile = join(daemon.dataDir, 'many.xml');
writeFileSync(manyFile, `<node>${Array.from({ length: MANY }, (_, n) => xml('test', `d${n}`)).join('')}</node>`);
const many = at(`test://${manyFile}`);
const port = await freePort();

const connections = [];
const open = async (uri) => {
  const connection = await connect(uri);
  connections.push(connection);
  return connection;
};
const pool = new ConnectionPool({ open: () => connect(qemu), callTimeoutMs: HANGING_MS });
/** Of each row and way, in microseconds, a median a round. */
const figures = new Map();
let service;
let client;
try {
  const few = await open(qemu);
  const thousand = await open(many);
  for (let n = 0; n < FEW; n++) await few.call(domainDefineXmlFlags, { xml: xml('qemu', `guest${n}`) });
  const { domain } = await few.call(domainCreateXml, { xml: xml('qemu', 'looked') });
  const { domain: frozen } = await few.call(domainCreateXml, { xml: xml('qemu', 'frozen') });
  serviceConfig(directory, {
    group,
    server: group,
    amqp: { url },
    http: { host: '127.0.0.1', port },
    hosts: { few: hostAt(qemu, { request_timeout_ms: HANGING_MS }), thousand: hostAt(many) },
  });
  service = await ServiceProcess.start(join(directory, 'zenova.yaml'), port);
  client = await ZenovaClient.connect({ url, group });
  const all = { domains: [], stats: 1, flags: 0x2000_0000 };
  const query = () => few.call(domainGetState, { domain });
  const poolQuery = () => pool.call(domainGetState, { domain });
  const rpcQuery = () => client.call('power.query', { host: 'few', instance: 'looked' });
  const ways = {
    state: {
      'node-libvirt': () => median(QUERIES, query),
      python: () => python(qemu, 'd.state()', QUERIES),
      virsh: () => median(PROGRAMS, () => byVirsh(qemu, 'domstate', 'looked')),
      zenova: () => median(QUERIES, rpcQuery),
    },
    few: {
      'node-libvirt': () => median(LISTS, () => few.call(connectGetAllDomainStats, all)),
      python: () => python(qemu, 'c.getAllDomainStats(1)', LISTS),
      virsh: () => median(PROGRAMS, () => byVirsh(qemu, 'list', '--all')),
      zenova: () => median(LISTS, () => client.call('compute.list_instances', { host: 'few' })),
    },
    many: {
      'node-libvirt': () => median(LISTS, () => thousand.call(connectGetAllDomainStats, all)),
      python: () => python(many, 'c.getAllDomainStats(1)', LISTS, ''),
      virsh: () => median(2, () => byVirsh(many, 'domstats', '--state')),
      zenova: () => median(LISTS, () => client.call('compute.list_instances', { host: 'thousand' })),
    },
  };
  // Each way has hanging calls of its own: those that the others have would not be in its way.
  const besideFrozen = {
    'node-libvirt': () =>
      whileFrozen(
        () => Array.from({ length: HANGING_CALLS }, () => pool.call(domainMemoryStats, { domain: frozen, max: 16 })),
        () => median(QUERIES, poolQuery),
      ),
    zenova: () =>
      whileFrozen(
        () => [client.call('compute.get_diagnostics', { host: 'few', instance: 'frozen' }, { timeoutMs: HANGING_MS })],
        () => median(QUERIES, rpcQuery),
      ),
  };
  const loadBefore = loadavg()[0];
  for (let round = 0; round < rounds; round++) {
    for (const [row, by] of Object.entries(ways)) await inTurn(row, by, round);
    await inTurn('pool', { 'node-libvirt': () => median(QUERIES, poolQuery) }, round);
    await inTurn('beside a frozen one', besideFrozen, round);
    console.error(`round ${round + 1} of ${rounds}`);
  }
  print(loadBefore);
} finally {
  await client?.close();
  await service?.stop();
  await pool.close();
  await Promise.all(connections.map((connection) => connection.close()));
  await daemon.stop();
  rmSync(directory, { recursive: true });
  await removeQueues();
}

/** Another order each round: whoever comes first in a round has no advantage. */
async function inTurn(row, works, round) {
  const entries = Object.entries(works);
  for (let i = 0; i < entries.length; i++) {
    const [way, work] = entries[(i + round) % entries.length];
    const key = `${row} ${way}`;
    figures.set(key, [...(figures.get(key) ?? []), await work()]);
  }
}

/** Stops the process of the frozen guest, lets calls hang on it meanwhile, and holds that none of them was answered. */
async function whileFrozen(hang, work) {
  const pid = processOf('frozen');
  process.kill(pid, 'SIGSTOP');
  let answered = 0;
  const hanging = hang().map(async (call) => {
    await call;
    answered += 1;
  });
  try {
    const result = await work();
    if (answered > 0) throw new Error(`${answered} calls were answered although their guest is frozen`);
    return result;
  } finally {
    process.kill(pid, 'SIGCONT');
    await Promise.all(hanging);
  }
}

/** Of the emulator of a guest, by what it was started with. */
function processOf(guest) {
  const pid = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .find((entry) => commandOf(entry).includes(`guest=${guest},`));
  if (pid === undefined) throw new Error(`guest ${guest} has no process`);
  return Number(pid);
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

async function python(uri, expression, count, prepare = "d = c.lookupByName('looked')") {
  const [microseconds] = await byPython(uri, { prepare, expressions: [expression], count });
  return microseconds;
}

/** In microseconds; a body that tells a time of its own is believed. */
async function median(count, body) {
  const times = [];
  for (let done = 0; done < count; done++) {
    const began = performance.now();
    const own = await body();
    times.push(typeof own === 'number' ? own : (performance.now() - began) * 1000);
  }
  return spread(times).median;
}

function xml(type, name) {
  const os = type === 'qemu' ? "<os><type arch='x86_64'>hvm</type></os>" : '<os><type>hvm</type></os>';
  return `<domain type='${type}'><name>${name}</name><memory unit='MiB'>32</memory>${os}</domain>`;
}

function hostAt(uri, settings = {}) {
  return { driver: 'virsh', settings: { uri, ...settings } };
}

function print(loadBefore) {
  const WAYS = ['node-libvirt', 'python', 'virsh', 'zenova'];
  const line = (cells) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(24))).join(''));
  const cell = (row, way) => {
    const values = figures.get(`${row} ${way}`);
    if (values === undefined) return '';
    const { median: middle, min, max } = spread(values);
    return `${rounded(middle)} (${rounded(min)}–${rounded(max)})`;
  };
  const ratio = (row, way) => {
    const values = figures.get(`${row} ${way}`);
    const ours = figures.get(`${row} node-libvirt`);
    return values === undefined ? '' : `${rounded(spread(values.map((one, i) => one / ours[i])).median, 1)} ×`;
  };
  console.log(`one private libvirtd, microseconds: median (least–greatest) of the medians of ${rounds} rounds`);
  console.log(`load of the machine ${rounded(loadBefore, 1)} before, ${rounded(loadavg()[0], 1)} after`);
  console.log(
    'node-libvirt and python3-libvirt ask on one connection; virsh is a process for each question; Zenova is asked by RPC over AMQP\n',
  );
  line(['', 'node-libvirt', 'python3-libvirt', 'virsh', 'Zenova by RPC']);
  for (const [row, title] of [
    ['state', 'state of one guest'],
    ['few', `${FEW} and 2 guests with states`],
    ['many', `${MANY} guests with states (test driver)`],
    ['pool', 'state, by a pool'],
    ['beside a frozen one', 'state, beside a frozen guest'],
  ]) {
    line([title, ...WAYS.map((way) => cell(row, way))]);
    line(['  against node-libvirt', ...WAYS.map((way) => ratio(row, way))]);
  }
  const told = (way, usually) => {
    const of = (row) => spread(figures.get(`${row} ${way}`)).median;
    const middle = of('beside a frozen one');
    const verdict = middle < WANTED_BELOW_MICROSECONDS ? 'below a millisecond' : 'NOT below a millisecond';
    return `${rounded(middle / 1000, 3)} ms, ${verdict} (${rounded(of(usually) / 1000, 3)} ms without a frozen guest)`;
  };
  console.log(`\nthe median of the state of a guest, beside a frozen one on which calls hang:`);
  console.log(`  node-libvirt, by a pool with ${HANGING_CALLS} hanging calls: ${told('node-libvirt', 'pool')}`);
  console.log(`  Zenova by RPC, with a hanging read of diagnostics: ${told('zenova', 'state')}`);
}

async function removeQueues() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  for (const queue of [`zenova.rpc.${group}`, `zenova.rpc.server.${group}`]) await channel.deleteQueue(queue);
  await connection.close();
}
