/**
 * Holds one private server for the process that forked it (see private-server.mjs). Runs in a session of its own, so
 * that terminal signals pass it by, and ends everything it started when the channel to that process closes for any
 * reason.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { descendants, isAlive } from './processes.mjs';

/**
 * @typedef {import('./private-server.mjs').Plan} Plan
 * @typedef {import('./private-server.mjs').Program} Program
 * @typedef {{ do: 'start', plan: Plan } | { do: 'end', signal: NodeJS.Signals }} Command
 */

const patienceMs = 30_000;
const lookEveryMs = 10;

/** @type {Plan | undefined} */
let plan;
/** @type {import('node:child_process').ChildProcess | undefined} */
let companion;
/** The one that runs now: a preparation, then the server. @type {import('node:child_process').ChildProcess | undefined} */
let current;
let isEnding = false;
/** Done when nothing is left of what was last ended. */
let ending = Promise.resolve();

process.on('message', (message) => {
  const command = /** @type {Command} */ (message);
  if (command.do === 'start') void start(command.plan);
  else void end(command.signal);
});
process.once('disconnect', () => void leave());
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => void leave());

/** @param {Plan} wanted */
async function start(wanted) {
  const preparations = plan ? [] : wanted.preparations;
  plan = wanted;
  isEnding = false;
  if (plan.companion) companion ??= launch(plan.companion, plan).on('error', () => {});
  for (const program of [...preparations, plan.server]) {
    const status = await watch(launch(program, plan), plan);
    if (status !== 0 || isEnding) break;
  }
  // What it has started may be on its way out a moment longer: the next one would find its files locked, or be taken for it.
  await ending;
  if (process.connected) process.send?.('ended');
}

/**
 * @param {Program} program
 * @param {Plan} plan
 */
function launch({ command, args, input }, { env, dataDir, logFile, user }) {
  const log = openSync(logFile, 'a', 0o600);
  // A process group of its own: a start script and what runs under it can be killed as one.
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = [input === undefined ? 'ignore' : 'pipe', log, log];
  const child = spawn(command, args, { env, cwd: dataDir, ...user, stdio, detached: true });
  closeSync(log);
  child.stdin?.on('error', () => {}).end(input); // one that ended too early to read it tells why in its log
  return child;
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {Plan} plan
 * @returns {Promise<number | null>} its exit status, null when it could not be started or a signal ended it
 */
async function watch(child, { logFile }) {
  current = child;
  try {
    const [status] = await once(child, 'exit');
    return status;
  } catch (error) {
    appendFileSync(logFile, `${String(error)}\n`);
    return null;
  } finally {
    current = undefined;
  }
}

/** @param {NodeJS.Signals} signal SIGKILL for a crash; others reach the server itself, which ends its own helpers */
function end(signal) {
  isEnding = true;
  ending = endCurrent(signal);
  return ending;
}

/** @param {NodeJS.Signals} signal */
async function endCurrent(signal) {
  if (current?.pid === undefined) return;
  const { pid } = current;
  const exited = once(current, 'exit');
  if (signal !== 'SIGKILL') {
    process.kill(pid, signal);
    const isDone = await Promise.race([exited, delay(patienceMs, false, { ref: false })]);
    if (isDone) return;
  }
  await Promise.all([exited, crash(pid)]);
}

/**
 * Kills a process and all that it started, groups of their own or not, and waits until none of them runs.
 *
 * @param {number} pid of the leader of a process group
 */
async function crash(pid) {
  const all = halted(pid);
  for (const each of [-pid, ...all]) kill(each, 'SIGKILL');
  while (all.some(isAlive)) await delay(lookEveryMs);
}

/**
 * Stops a process and all that it started, which from then on start nothing and notice nothing.
 *
 * @param {number} pid
 */
function halted(pid) {
  /** @type {Set<number>} */
  const all = new Set();
  // One that was not stopped yet when it was looked for may have started another.
  for (let found = [pid]; found.length > 0; found = descendants(pid).filter((each) => !all.has(each))) {
    for (const each of found) {
      all.add(each);
      kill(each, 'SIGSTOP');
    }
  }
  return [...all];
}

/** @param {Plan} plan whose server is gone */
async function crashOutliving({ outlivingDirs = [], dataDir }) {
  const pids = outlivingDirs
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => {
      const files = readdirSync(directory).filter((name) => name.endsWith('.pid'));
      return files.flatMap((name) => pidIn(join(directory, name)) ?? []);
    });
  await Promise.all(pids.filter((pid) => isAlive(pid) && names(pid, dataDir)).map(crash));
}

/** @type {(file: string) => number | undefined} */
function pidIn(file) {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch (error) {
    // Whoever wrote it has ended, and removed it.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** @type {(pid: number, directory: string) => boolean} otherwise the number is that of another process by now */
function names(pid, directory) {
  try {
    const of = (/** @type {string} */ file) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
    // Or it has parts of it mounted in place of the machine's.
    return of('cmdline').includes(directory) || of('mountinfo').includes(`/${basename(directory)}/`);
  } catch {
    return false; // it is gone
  }
}

/** @type {(pid: number, signal: NodeJS.Signals) => void} */
function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

async function leave() {
  // Nobody will read the data of a temporary server again, so there is no order to keep.
  if (plan) await end(plan.isTemporary ? plan.signals.atOnce : plan.signals.inOrder);
  if (plan) await crashOutliving(plan);
  if (companion?.pid !== undefined && companion.exitCode === null && companion.signalCode === null) {
    const exited = once(companion, 'exit');
    await Promise.all([exited, crash(companion.pid)]);
  }
  if (plan?.isTemporary) rmSync(plan.dataDir, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}
