// One run: scenarios, then load and chaos together, then rest, then the check.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chaos } from './chaos/chaos.mjs';
import { check } from './check/check.mjs';
import {
  brokerLeftovers,
  databaseLeftovers,
  hmcLeftovers,
  leasesOfTheDead,
  processLeftovers,
} from './check/leftovers.mjs';
import { readJournal } from './check/read-journal.mjs';
import { scenarios } from './directed/scenarios.mjs';
import { learn } from './load/learn.mjs';
import { Load } from './load/load.mjs';
import { Random } from './random.mjs';
import { Scene, reservedPartitions } from './scene.mjs';
import { Stage, limits } from './stage/stage.mjs';
import { until } from './until.mjs';

const restsWithinMs = 120_000;
const settlesWithinMs = 60_000;
const leasesEndWithinMs = 60_000;
/** What may be asked of an operation that waits or runs: the names of the checkpoints that keep it. */
const CONTROLS = ['cancel', 'abort', 'force_complete'];

/**
 * @typedef {object} Outcome
 * @property {import('./check/history.js').Violation[]} violations
 * @property {Record<string, unknown>} numbers
 * @property {string | null} directory where logs and journal were kept
 */

/**
 * @param {import('./options.mjs').Options} options
 * @param {object} parts
 * @param {string} parts.dist the compiled service
 * @param {AbortSignal} parts.signal ends the run early, with nothing left behind
 * @param {(line: string) => void} parts.tell
 * @returns {Promise<Outcome>}
 */
export async function run(options, { dist, signal, tell }) {
  const began = Date.now();
  const stage = await Stage.open(options, dist);
  let outcome;
  let scene;
  try {
    scene = await Scene.open(stage, options);
    outcome = await unlessAborted(play(scene, options, { signal, tell, began }), signal);
    return outcome;
  } finally {
    await scene?.closeCallers();
    const isKept =
      !signal.aborted && (options.keep || (options.mutant === undefined && outcome?.violations.length !== 0));
    if (isKept) tell(`Logs and the whole history are kept in ${stage.directory}`);
    await stage.close({ isKept });
  }
}

/** What goes on is not waited for: it ends by itself when the stage is taken away. */
async function unlessAborted(work, signal) {
  let onAbort;
  const aborted = new Promise((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  work.catch(() => undefined);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function play(scene, options, { signal, tell, began }) {
  const { stage, ledger } = scene;
  for (const name of options.scenarios ?? Object.keys(scenarios)) {
    if (scenarios[name] === undefined)
      throw new TypeError(`there is no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
    const since = Date.now();
    await scenarios[name](scene);
    stage.simulator.faults.clear();
    if (options.verbose) tell(`scenario ${name}: ${Date.now() - since} ms`);
  }

  const random = new Random(options.seed);
  const load = new Load(scene);
  const chaos = new Chaos(stage, load, {
    operations: options.operations,
    onEvent: (name) => options.verbose && tell(`${load.sent} sent: ${name}`),
  });
  const time = AbortSignal.timeout(options.minutes * 60_000);
  const calm = new AbortController();
  const storm = chaos.run(random.stream('chaos'), AbortSignal.any([calm.signal, signal]));
  // It is awaited when the load is over, and may fail before.
  storm.catch(() => undefined);
  const progress = setInterval(() => tell(`${load.sent} of ${options.operations} requests sent`), 10_000);
  try {
    const { operations, inFlight } = options;
    const partitions = options.partitions - reservedPartitions;
    await load.run({
      random: random.stream('load'),
      operations,
      inFlight,
      partitions,
      signal: AbortSignal.any([time, signal]),
    });
  } finally {
    clearInterval(progress);
    calm.abort();
    await storm;
  }

  await stage.heal();
  if (!(await scene.rest(restsWithinMs)))
    scene.observe('not-at-rest', `operations were unfinished ${restsWithinMs / 1000} s after everything was mended`);
  const asked = await learn(scene, ledger);
  await scene.rest(restsWithinMs);
  const listed = await scene.list();
  await until(async () => (await leasesOfTheDead(stage)) <= 0, leasesEndWithinMs);
  // Whoever waits with a repeat for what another worker does looks again every few seconds; a stop would put it back.
  await until(async () => (await brokerLeftovers(stage)).every(({ kind }) => kind !== 'message'), settlesWithinMs);

  // What dead workers left on the HMC ends with its time there; the living must log off.
  stage.simulator.dropSessions();
  await Promise.all(
    scene.workers.map(({ name }) =>
      scene.asker.ask('compute.list_instances', { host: 'cpc1' }, { queue: `zenova.rpc.server.${name}` }),
    ),
  );
  const sessions = stage.simulator.sessionCount();
  if (sessions < scene.workers.length)
    scene.observe('session-left', `only ${sessions} workers had a session before the end: the check proves nothing`);
  const statuses = await scene.stopAll();
  if (statuses.some((status) => status !== 0))
    scene.observe('shutdown-failed', `workers ended with status ${statuses.join(', ')}`);
  for (const death of scene.workers.flatMap(({ deaths }) => deaths))
    scene.observe(
      'worker-died',
      `${death.worker} ended by itself with ${death.signal ?? `status ${death.status}`}`,
      death,
    );
  await scene.closeCallers();
  const journal = await readJournal(stage);
  const leftovers = [
    ...journal.leftovers,
    ...hmcLeftovers(stage),
    ...processLeftovers(stage),
    ...(await settled(() => brokerLeftovers(stage))),
    ...(await settled(() => databaseLeftovers(stage))),
  ];
  const history = {
    limits: {
      requestTimeoutMs: limits.requestTimeoutMs,
      // Workers that accept at the same moment can exceed it by a few.
      maxPerTarget: limits.maxPerTarget + (options.workers > 1 ? limits.prefetch : 0),
      // What a worker had in hand from its two queues when it came to the limit is still accepted, and it learns of
      // what the others have a moment later.
      maxUnfinished: (limits.maxAccepted + 2 * limits.prefetch) * options.workers,
    },
    operations: journal.operations,
    listed,
    requests: ledger.entries.map((entry) => entry.toRequest()),
    writes: stage.hmc.writes(),
    partitions: stage.simulator.partitions().map(({ name, status }) => ({ name, status })),
    leftovers,
  };
  const violations = [...scene.observed, ...check(history)];
  writeFileSync(join(stage.directory, 'history.json'), JSON.stringify(history));
  return { violations, numbers: numbersOf(history, { scene, chaos, load, asked, began }), directory: stage.directory };
}

/** Brokers and databases notice a moment later that a client has gone. */
async function settled(leftovers) {
  let found = [];
  await until(async () => (found = await leftovers()).length === 0, settlesWithinMs);
  return found;
}

function numbersOf({ operations, requests, writes }, { scene, chaos, load, asked, began }) {
  const outcomes = {};
  for (const { state, result, error } of operations) {
    const kind = result?.outcome ?? error?.code ?? state;
    outcomes[kind] = (outcomes[kind] ?? 0) + 1;
  }
  const asks = {};
  for (const { name } of operations.flatMap(({ checkpoints }) => checkpoints))
    if (CONTROLS.includes(name)) asks[name] = (asks[name] ?? 0) + 1;
  const answered = {};
  for (const { caller, replies } of requests) answered[caller] = (answered[caller] ?? 0) + Math.min(1, replies.length);
  const jobs = scene.simulator.jobs();
  const known = new Set(operations.flatMap(({ checkpoints }) => checkpoints.map(({ data }) => data?.uri)));
  const again = operations.filter(({ attempts }) => attempts > 1);
  return {
    'requests sent': requests.length,
    'drawn from the seed': load.sent,
    'answered by a reply': answered,
    operations: operations.length,
    'device writes': writes.length,
    'device writes carried out': writes.filter(({ isExecuted }) => isExecuted).length,
    'worker starts': scene.workers.reduce((sum, { starts }) => sum + starts, 0),
    'worker starts without a database': scene.workers.reduce(
      (sum, { startsWithoutDatabase }) => sum + startsWithoutDatabase,
      0,
    ),
    'taken up again': again.length,
    'looked into after an interruption': again.filter(({ checkpoints }) =>
      checkpoints.some(({ name }) => name === 'step'),
    ).length,
    'parts of other operations': operations.filter(({ parentId }) => parentId !== null).length,
    'on several targets': operations.filter(({ also }) => also.length > 0).length,
    'asked of operations': asks,
    'callers that asked after their outcome': asked,
    'jobs left on the HMC': jobs.length,
    'of these, known to the journal': jobs.filter(({ uri }) => known.has(uri)).length,
    outcomes,
    chaos: chaos.counts,
    seconds: Math.round((Date.now() - began) / 1000),
  };
}
