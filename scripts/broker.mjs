/**
 * A private RabbitMQ, run from the installed `rabbitmq-server` package as an ordinary child process: loopback only,
 * own ports, node, cookie and data. `npm start`, the tests and the benchmarks use it when no broker is at hand.
 *
 * Whatever happens to the process that started it, nothing is left behind: a keeper process holds the broker and ends
 * it when its channel to us closes, be that by `stop()`, by a signal or by SIGKILL.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { amqpAnswer } from './broker/amqp-probe.mjs';
import { freePort, isPortFree } from './broker/free-port.mjs';
import { brokerScripts, isBrokerInstalled, layOut, runningIn } from './broker/layout.mjs';
import { run } from './environment/run.mjs';

const readyWithinMs = 120_000;
const endsWithinMs = 10_000;
const probeEveryMs = 100;

/**
 * @typedef {object} BrokerOptions
 * @property {number} [port] AMQP port on 127.0.0.1; a free one when not given
 * @property {string} [dataDir] where queues, logs and the cookie live, kept after `stop()`; without it a temporary
 *   directory that `stop()` removes
 * @property {Record<string, string>} [env] further environment variables for the broker (`RABBITMQ_…`)
 */

/**
 * @typedef {object} Broker
 * @property {string} url `amqp://guest:guest@127.0.0.1:<port>`
 * @property {number} port
 * @property {string} dataDir
 * @property {() => number} pid process id of the Erlang machine that runs now
 * @property {(...args: string[]) => Promise<string>} ctl runs `rabbitmqctl` against this broker, resolves to what it
 *   printed, rejects with what it complained about
 * @property {() => Promise<void>} kill ends the broker with SIGKILL, as a crash would; `restart()` brings it back
 * @property {() => Promise<void>} halt ends the broker in good order; `restart()` brings it back
 * @property {() => Promise<void>} restart ends the broker in good order if it runs, and starts it again on the same
 *   port with its durable queues and messages
 * @property {() => Promise<void>} stop ends everything that was started and removes a temporary data directory
 */

/**
 * Starts a broker and resolves once it answers the AMQP handshake.
 *
 * @param {BrokerOptions} [options]
 * @returns {Promise<Broker>}
 * @throws {Error} when RabbitMQ is not installed, or with the end of its log when it does not come up
 */
export async function startBroker(options = {}) {
  if (!isBrokerInstalled())
    throw new Error('RabbitMQ is not installed (Debian and Ubuntu: apt-get install rabbitmq-server)');

  const port = options.port ?? (await freePort());
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'zenova-broker-'));
  if (options.port !== undefined && !(await isPortFree(port))) throw new Error(`127.0.0.1:${port} is in use already`);
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  await untilUnused(dataDir);
  const layout = layOut({
    dataDir,
    port,
    distPort: await freePort(),
    epmdPort: await freePort(),
    env: options.env ?? {},
  });

  const keeper = fork(fileURLToPath(new URL('./broker/keeper.mjs', import.meta.url)), [], {
    detached: true, // a Ctrl-C in our terminal must not reach the broker before our own shutdown has used it
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // Neither the child nor its channel keeps us alive: a caller that forgets stop() still ends, and the broker with it.
  keeper.unref();
  keeper.channel?.unref();

  const state = { isRunning: false };
  const ended = () => {
    state.isRunning = false;
  };
  keeper.on('message', ended).on('exit', ended);

  /** @param {import('./broker/keeper.mjs').Command} command */
  const tell = (command) => keeper.send(command);

  async function begin() {
    state.isRunning = true;
    tell({ do: 'start', server: brokerScripts.server, layout, isTemporary: !options.dataDir });
    const giveUpAt = Date.now() + readyWithinMs;
    while (state.isRunning && Date.now() < giveUpAt) {
      if ((await amqpAnswer(url)) === 'amqp') return;
      await delay(probeEveryMs);
    }
    const log = readTail(layout.logFile);
    await stop();
    throw new Error(`RabbitMQ did not come up on 127.0.0.1:${port}. The end of its log:\n${log}`);
  }

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    if (!state.isRunning) return;
    tell({ do: 'halt', signal });
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
    url,
    port,
    dataDir,
    pid: () => Number(readFileSync(layout.pidFile, 'utf8')),
    ctl: (...args) => run(brokerScripts.ctl, ['--quiet', ...args], { env: layout.env }),
    kill: () => end('SIGKILL'),
    halt: () => end('SIGTERM'),
    restart: async () => {
      await end('SIGTERM');
      await begin();
    },
    stop,
  };
}

/**
 * Waits for a broker that is still on its way out, as after a quick stop and start. Two on the same data destroy it.
 *
 * @param {string} dataDir
 */
async function untilUnused(dataDir) {
  const giveUpAt = Date.now() + endsWithinMs;
  for (let pid = runningIn(dataDir); pid !== undefined; pid = runningIn(dataDir)) {
    if (Date.now() > giveUpAt) throw new Error(`A RabbitMQ (process ${pid}) already runs on the data in ${dataDir}`);
    await delay(probeEveryMs);
  }
}

/** @param {string} file */
function readTail(file) {
  if (!existsSync(file)) return '(nothing was logged)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
}
