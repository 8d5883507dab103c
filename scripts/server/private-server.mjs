/**
 * A server of one's own, run from an installed package as an ordinary child process (see ../broker.mjs and
 * ../postgres.mjs).
 *
 * Whatever happens to the process that started it, nothing is left behind: a keeper process holds the server and ends
 * it when its channel to us closes, be that by `stop()`, by a signal or by SIGKILL.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, isPortFree } from './free-port.mjs';

const readyWithinMs = 120_000;
const endsWithinMs = 10_000;
const probeEveryMs = 100;

/**
 * @typedef {object} Program
 * @property {string} command
 * @property {string[]} args
 * @property {string} [input] what it reads on standard input
 */

/**
 * @typedef {object} Plan
 * @property {string} name for messages
 * @property {number} [port] on 127.0.0.1, for one that listens there
 * @property {string} dataDir the server's own, and its working directory
 * @property {boolean} isTemporary whether the directory goes when the server does
 * @property {string} logFile
 * @property {string} pidFile where the server itself notes its process id, on the first line
 * @property {readonly string[]} [outlivingDirs] where it notes, in a `*.pid` file each, processes that outlive it and are ended with all of it
 * @property {Record<string, string>} env the whole environment
 * @property {{ uid: number, gid: number }} [user] whom it runs as, when not as us
 * @property {Program[]} preparations run to their end, one after the other, before the server's first start
 * @property {Program} server
 * @property {Program} [companion] runs beside the server, over its restarts
 * @property {{ inOrder: NodeJS.Signals, atOnce: NodeJS.Signals }} signals that end it: with all data in their files, or
 *   quickly, for one whose data nobody will read
 */

/**
 * @typedef {object} PrivateServer
 * @property {() => number} pid process id of the server that runs now
 * @property {() => Promise<void>} kill ends the server with SIGKILL, as a crash would; `restart()` brings it back
 * @property {() => Promise<void>} halt ends the server in good order; `restart()` brings it back
 * @property {() => Promise<void>} restart ends the server in good order if it runs, and starts it again on the same
 *   port with its data
 * @property {() => Promise<void>} stop ends everything that was started and removes a temporary data directory
 */

/**
 * Where a server will live: on a free port and in a new temporary directory, unless told otherwise.
 *
 * @param {{ name: string, port?: number | undefined, dataDir?: string | undefined }} wanted
 * @returns {Promise<Pick<Plan, 'name' | 'dataDir' | 'isTemporary'> & { port: number }>}
 * @throws {Error} when the port is taken
 */
export async function findPlace({ name, port, dataDir }) {
  if (port !== undefined && !(await isPortFree(port))) throw new Error(`127.0.0.1:${port} is in use already`);
  return { ...findDirectory({ name, dataDir }), port: port ?? (await freePort()) };
}

/**
 * As {@link findPlace}, for a server that listens on no port.
 *
 * @param {{ name: string, dataDir?: string | undefined }} wanted
 * @returns {Pick<Plan, 'name' | 'dataDir' | 'isTemporary'>}
 */
export function findDirectory({ name, dataDir }) {
  if (dataDir === undefined) {
    const directory = mkdtempSync(join(tmpdir(), `zenova-${name.toLowerCase()}-`));
    return { name, dataDir: directory, isTemporary: true };
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return { name, dataDir, isTemporary: false };
}

/**
 * Starts a server and resolves once it is ready.
 *
 * @param {Plan} plan
 * @param {() => Promise<boolean>} isReady
 * @returns {Promise<PrivateServer>}
 * @throws {Error} with the end of its log when it does not come up
 */
export async function startPrivateServer(plan, isReady) {
  await untilUnused(plan);
  const keeper = fork(fileURLToPath(new URL('./keeper.mjs', import.meta.url)), [], {
    detached: true, // a Ctrl-C in our terminal must not reach the server before our own shutdown has used it
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // Neither the child nor its channel keeps us alive: a caller that forgets stop() still ends, and the server with it.
  keeper.unref();
  keeper.channel?.unref();

  const state = { isRunning: false };
  const ended = () => {
    state.isRunning = false;
  };
  keeper.on('message', ended).on('exit', ended);

  /** @param {import('./keeper.mjs').Command} command */
  const tell = (command) => keeper.send(command);

  async function begin() {
    state.isRunning = true;
    tell({ do: 'start', plan });
    const giveUpAt = Date.now() + readyWithinMs;
    while (state.isRunning && Date.now() < giveUpAt) {
      if (await isReady()) return;
      await delay(probeEveryMs);
    }
    const log = readTail(plan.logFile);
    await stop();
    const where = plan.port === undefined ? `in ${plan.dataDir}` : `on 127.0.0.1:${plan.port}`;
    throw new Error(`${plan.name} did not come up ${where}. The end of its log:\n${log}`);
  }

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    if (!state.isRunning) return;
    tell({ do: 'end', signal });
    while (state.isRunning) await delay(probeEveryMs / 2);
  }

  async function stop() {
    if (keeper.exitCode !== null || keeper.signalCode !== null) return;
    keeper.ref();
    const exited = once(keeper, 'exit');
    if (keeper.connected) keeper.disconnect();
    await exited;
  }

  await begin();

  return {
    pid: () => Number.parseInt(readFileSync(plan.pidFile, 'utf8'), 10),
    kill: () => end('SIGKILL'),
    halt: () => end(plan.signals.inOrder),
    restart: async () => {
      await end(plan.signals.inOrder);
      await begin();
    },
    stop,
  };
}

/**
 * Waits for a server that is still on its way out, as after a quick stop and start. Two on the same data destroy it.
 *
 * @param {Plan} plan
 */
async function untilUnused(plan) {
  const giveUpAt = Date.now() + endsWithinMs;
  for (let pid = runningOn(plan); pid !== undefined; pid = runningOn(plan)) {
    if (Date.now() > giveUpAt)
      throw new Error(`A ${plan.name} (process ${pid}) already runs on the data in ${plan.dataDir}`);
    await delay(probeEveryMs);
  }
}

/**
 * @param {Plan} plan
 * @returns {number | undefined} the process id of the server that works on this data now
 */
function runningOn({ pidFile, dataDir }) {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // It names the directory or one in it; else the number belongs to another process by now.
    return commandLine.some((arg) => `${arg}/`.startsWith(`${dataDir}/`)) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function readTail(file) {
  if (!existsSync(file)) return '(nothing was logged)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
}
