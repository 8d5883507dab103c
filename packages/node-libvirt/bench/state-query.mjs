/**
 * `npm run bench -w node-libvirt`, after a build: how long a state query takes, one after the other on one connection, beside
 * Debian's python3-libvirt and the virsh program, and how long 1,000 domains with their states. All on one private libvirtd.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLibvirtd } from '../../../scripts/libvirtd.mjs';

/** Named at run time: a checkout that was never built has no dist, and its types are checked all the same. */
const built = new URL('../dist/index.js', import.meta.url).href;
/** @type {typeof import('../src/index.js')} */
const {
  connect,
  connectGetAllDomainStats,
  domainDefineXmlFlags,
  domainGetState,
  domainLookupByName,
  domainUndefineFlags,
} = await import(built);

const ROUNDS = 5;
const QUERIES = 500;

const daemon = await startLibvirtd({ emulators: ['x86_64'] });
const hypervisor = daemon.qemuUri.slice('qemu:///'.length);
const qemuUri = `qemu+unix:///${hypervisor}?socket=${daemon.socketPath}`;
const manyFile = join(daemon.dataDir, 'many.xml');
writeFileSync(manyFile, manyDomains(1000));
const manyUri = `test+unix://${manyFile}?socket=${daemon.socketPath}`;
const connection = await connect(qemuUri);
const many = await connect(manyUri);

try {
  await connection.call(domainDefineXmlFlags, { xml: guestXml() });
  const { domain } = await connection.call(domainLookupByName, { name: 'guest' });
  /** @type {Record<string, number[]>} */
  const medians = {};
  /** @type {(name: string, microseconds: number) => void} */
  const keep = (name, microseconds) => void (medians[name] ??= []).push(microseconds);
  for (let round = 0; round < ROUNDS; round++) {
    keep('state, node-libvirt', await median(QUERIES, () => connection.call(domainGetState, { domain })));
    keep('state, python3-libvirt', python(qemuUri, "domain = c.lookupByName('guest')", 'domain.state()', QUERIES));
    keep('state, virsh', await median(10, async () => virsh(qemuUri, 'domstate', 'guest')));
    const all = { domains: [], stats: 1, flags: 0 };
    keep('1,000 domains, node-libvirt', await median(10, () => many.call(connectGetAllDomainStats, all)));
    keep('1,000 domains, python3-libvirt', python(manyUri, '', 'c.getAllDomainStats(1)', 10));
    keep('1,000 domains, virsh', await median(2, async () => virsh(manyUri, 'domstats', '--state')));
  }
  for (const [name, values] of Object.entries(medians)) {
    console.log(
      `${name.padEnd(32)} ${micro(middle(values))}   rounds ${micro(Math.min(...values))} to ${micro(Math.max(...values))}`,
    );
  }
  await connection.call(domainUndefineFlags, { domain });
} finally {
  await Promise.all([connection.close(), many.close()]);
  await daemon.stop();
}

/**
 * @param {number} count
 * @param {() => Promise<unknown>} body
 * @returns {Promise<number>} microseconds
 */
async function median(count, body) {
  const times = [];
  for (let done = 0; done < count; done++) {
    const began = performance.now();
    await body();
    times.push((performance.now() - began) * 1000);
  }
  return middle(times);
}

/** @type {(uri: string, prepare: string, expression: string, count: number) => number} */
function python(uri, prepare, expression, count) {
  const program = [
    'import libvirt, statistics, time',
    `c = libvirt.open(${JSON.stringify(uri)})`,
    prepare,
    'times = []',
    `for _ in range(${count}):`,
    '    began = time.perf_counter()',
    `    ${expression}`,
    '    times.append((time.perf_counter() - began) * 1e6)',
    'print(statistics.median(times))',
  ].join('\n');
  return Number(succeed('/usr/bin/python3', ['-c', program]));
}

/** @param {string[]} args */
function virsh(...args) {
  return succeed('virsh', ['--quiet', '--connect', ...args]);
}

/** @type {(command: string, args: string[]) => string} */
function succeed(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}

/** @param {number[]} values */
function middle(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** @param {number} microseconds */
function micro(microseconds) {
  return `${microseconds.toFixed(0).padStart(7)} µs`;
}

function guestXml() {
  return "<domain type='qemu'><name>guest</name><memory>32768</memory><os><type arch='x86_64'>hvm</type></os></domain>";
}

/** @param {number} count */
function manyDomains(count) {
  const domains = Array.from(
    { length: count },
    (_, n) => `<domain type='test'><name>d${n}</name><memory>1024</memory><os><type>hvm</type></os></domain>`,
  );
  return `<node>${domains.join('')}</node>`;
}
