/**
 * A private RabbitMQ, run from the installed `rabbitmq-server` package as an ordinary child process: loopback only,
 * own ports, node, cookie and data. `npm start`, the tests and the benchmarks use it when no broker is at hand.
 */
import { amqpAnswer } from './broker/amqp-probe.mjs';
import { brokerScripts, isBrokerInstalled, layOut } from './broker/layout.mjs';
import { run } from './environment/run.mjs';
import { freePort } from './server/free-port.mjs';
import { findPlace, startPrivateServer } from './server/private-server.mjs';

/**
 * @typedef {object} BrokerOptions
 * @property {number} [port] AMQP port on 127.0.0.1; a free one when not given
 * @property {string} [dataDir] where queues, logs and the cookie live, kept after `stop()`; without it a temporary
 *   directory that `stop()` removes
 * @property {Record<string, string>} [env] further environment variables for the broker (`RABBITMQ_…`)
 * @property {Record<string, string | number>} [settings] further lines of its rabbitmq.conf
 * @property {string[]} [plugins] that are enabled
 */

/**
 * @typedef {object} BrokerAddress
 * @property {string} url `amqp://guest:guest@127.0.0.1:<port>`
 * @property {number} port
 * @property {string} dataDir
 * @property {(...args: string[]) => Promise<string>} ctl runs `rabbitmqctl` against this broker, resolves to what it
 *   printed, rejects with what it complained about
 *
 * @typedef {BrokerAddress & import('./server/private-server.mjs').PrivateServer} Broker
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

  const place = await findPlace({ name: 'RabbitMQ', ...options });
  const { port, dataDir } = place;
  const plan = layOut({
    ...place,
    distPort: await freePort(),
    epmdPort: await freePort(),
    env: options.env ?? {},
    settings: options.settings ?? {},
    plugins: options.plugins ?? [],
  });
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  const server = await startPrivateServer(plan, async () => (await amqpAnswer(url)) === 'amqp');
  return {
    url,
    port,
    dataDir,
    ctl: (...args) => run(brokerScripts.ctl, ['--quiet', ...args], { env: plan.env }),
    ...server,
  };
}
