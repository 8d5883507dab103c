/**
 * Holds one private broker for the process that forked it (see ../broker.mjs). Runs in a session of its own, so that
 * terminal signals pass it by, and ends everything it started when the channel to that process closes for any reason.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {{ do: 'start', server: string, layout: import('./layout.mjs').Layout, isTemporary: boolean }} StartCommand
 * @typedef {{ do: 'halt', signal: NodeJS.Signals }} HaltCommand
 * @typedef {StartCommand | HaltCommand} Command
 */

const patienceMs = 30_000;

/** @type {import('node:child_process').ChildProcess | undefined} */
let epmd;
/** @type {import('node:child_process').ChildProcess | undefined} */
let server;
/** @type {StartCommand | undefined} */
let started;

process.on('message', (message) => {
  const command = /** @type {Command} */ (message);
  if (command.do === 'start') start(command);
  else void halt(command.signal);
});
process.once('disconnect', () => void leave());
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => void leave());

/** @param {StartCommand} command */
function start(command) {
  started = command;
  const { layout } = command;
  rmSync(layout.pidFile, { force: true });
  const log = openSync(layout.logFile, 'a', 0o600);
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { env: layout.env, cwd: layout.dataDir, stdio: ['ignore', log, log] };
  // Erlang would start this daemon by itself, on all interfaces, and leave it behind.
  epmd ??= spawn('epmd', ['-address', '127.0.0.1', '-port', String(layout.epmdPort)], options).on('error', () => {});
  // A process group of its own: the start script and the Erlang machine under it can be killed as one.
  const child = spawn(command.server, [], { ...options, detached: true });
  server = child;
  closeSync(log);
  const ended = () => {
    server = undefined;
    if (process.connected) process.send?.('ended');
  };
  child.once('exit', ended).once('error', ended);
}

/** @param {NodeJS.Signals} signal SIGTERM for an end in good order, which the start script passes on; SIGKILL for a crash */
async function halt(signal) {
  if (server?.pid === undefined) return;
  const { pid } = server;
  const exited = once(server, 'exit');
  process.kill(signal === 'SIGKILL' ? -pid : pid, signal);
  const isDone = await Promise.race([exited, delay(patienceMs, false, { ref: false })]);
  if (!isDone) process.kill(-pid, 'SIGKILL');
  await exited;
}

async function leave() {
  // Nobody will read the data of a temporary broker again, so there is no order to keep.
  await halt(started?.isTemporary ? 'SIGKILL' : 'SIGTERM');
  if (epmd?.exitCode === null && epmd.signalCode === null) {
    const exited = once(epmd, 'exit');
    epmd.kill();
    await exited;
  }
  if (started?.isTemporary) rmSync(started.layout.dataDir, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}
