import { startBroker } from '../broker.mjs';
import { startPostgres } from '../postgres.mjs';
import { findBroker, withoutPassword } from './find-broker.mjs';
import { findPostgres } from './find-postgres.mjs';

/**
 * @typedef {object} Service
 * @property {string} name
 * @property {string} variable the environment variable that tells programs where it is
 * @property {() => Promise<string | undefined>} find the URL of one that is there already
 * @property {() => Promise<{ url: string, dataDir: string, stop: () => Promise<void> }>} start
 *
 * @typedef {(env: NodeJS.ProcessEnv) => Promise<number>} Body
 */

/**
 * Runs something with services: those that are already there, else our own, which end afterwards.
 *
 * @param {object} own what those of our own should be like; a service that is left out is not provided
 * @param {() => Promise<import('../broker.mjs').BrokerOptions>} [own.broker]
 * @param {() => Promise<import('../postgres.mjs').PostgresOptions>} [own.postgres]
 * @param {Body} body gets an environment that names them
 * @returns {Promise<number>} what the body returned
 */
export function withServices({ broker, postgres }, body) {
  let run = body;
  if (postgres) {
    const start = async () => startPostgres(await postgres());
    run = inside({ name: 'PostgreSQL', variable: 'ZENOVA_POSTGRES_URL', find: findPostgres, start }, run);
  }
  if (broker) {
    const start = async () => startBroker(await broker());
    run = inside({ name: 'RabbitMQ', variable: 'ZENOVA_AMQP_URL', find: findBroker, start }, run);
  }
  return run({ ...process.env });
}

/**
 * @param {Service} service
 * @param {Body} body
 * @returns {Body}
 */
function inside({ name, variable, find, start }, body) {
  return async (env) => {
    const found = await find();
    if (found) {
      console.log(`Using the ${name} at ${withoutPassword(found)}`);
      return body({ ...env, [variable]: found });
    }
    const { url, dataDir, stop } = await start();
    console.log(`Started a ${name} at ${withoutPassword(url)}, loopback only; its data are in ${dataDir}`);
    try {
      return await body({ ...env, [variable]: url });
    } finally {
      await stop();
    }
  };
}
