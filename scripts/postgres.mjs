/**
 * A private PostgreSQL, run from the installed `postgresql` package as an ordinary child process: loopback TCP only, own
 * port, password and data. The tests, the benchmarks and the torture harness use it; Debian's own cluster is not touched.
 */
import { run } from './environment/run.mjs';
import { isPostgresInstalled, layOut, readSharedMemoryId } from './postgres/layout.mjs';
import { postgresAnswer } from './postgres/probe.mjs';
import { findPlace, startPrivateServer } from './server/private-server.mjs';

/**
 * @typedef {object} PostgresOptions
 * @property {number} [port] on 127.0.0.1; a free one when not given
 * @property {string} [dataDir] where databases, log and password live, kept after `stop()`; without it a temporary
 *   directory that `stop()` removes
 * @property {boolean} [fsync] false for tests that outlive no crash of the machine: quicker. True when not given
 */

/**
 * @typedef {object} PostgresAddress
 * @property {string} url `postgresql://zenova:<password>@127.0.0.1:<port>/zenova`, a superuser and an empty database
 * @property {number} port
 * @property {string} dataDir
 *
 * @typedef {PostgresAddress & import('./server/private-server.mjs').PrivateServer} Postgres
 */

/**
 * Starts a server and resolves once it lets clients in. As root it runs as the user `postgres`, because PostgreSQL refuses
 * to run as root; a `dataDir` must then be where that user can go.
 *
 * @param {PostgresOptions} [options]
 * @returns {Promise<Postgres>}
 * @throws {Error} when PostgreSQL is not installed, or with the end of its log when it does not come up
 */
export async function startPostgres(options = {}) {
  if (!isPostgresInstalled())
    throw new Error('PostgreSQL is not installed (Debian and Ubuntu: apt-get install postgresql)');

  const place = await findPlace({ name: 'PostgreSQL', ...options });
  const { port, dataDir } = place;
  const { plan, password } = layOut(place, { fsync: options.fsync ?? true });
  const url = `postgresql://zenova:${password}@127.0.0.1:${port}/zenova`;
  const server = await startPrivateServer(plan, async () => (await postgresAnswer(url)) === 'ready');
  return {
    url,
    port,
    dataDir,
    ...server,
    kill: async () => {
      await server.kill();
      // The one thing that outlives a killed PostgreSQL outside its directory; its next start would remove it, if there is one.
      const id = readSharedMemoryId(plan);
      if (id !== undefined) await run('ipcrm', ['--shmem-id', id]);
    },
  };
}
