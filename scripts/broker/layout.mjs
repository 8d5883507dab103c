import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Debian's wrappers in /usr/sbin switch to the user `rabbitmq`; the scripts they call run as whoever calls them.
export const brokerScripts = {
  server: '/usr/lib/rabbitmq/bin/rabbitmq-server',
  ctl: '/usr/lib/rabbitmq/bin/rabbitmqctl',
};

/** @returns {boolean} whether RabbitMQ is installed here */
export function isBrokerInstalled() {
  return existsSync(brokerScripts.server);
}

/**
 * The policy that the README tells operators to set, here for brokers of our own: requests live ten minutes, a message
 * that kills its consumer again and again is given up, and a queue that nobody serves does not fill the disk.
 */
const rpcPolicy = {
  vhost: '/',
  name: 'zenova-rpc',
  pattern: '^zenova\\.rpc(?!\\.dead(\\.|$))(\\.|$)',
  'apply-to': 'queues',
  priority: 0,
  definition: { 'message-ttl': 600_000, 'delivery-limit': 20, 'max-length': 100_000, overflow: 'reject-publish' },
};

/**
 * Dead letters are kept. Whoever looks at them takes them and puts them back, which RabbitMQ 4 counts against a limit of 20
 * unless a policy has another one; a negative limit, for none, is refused by RabbitMQ 3.
 */
const deadPolicy = {
  ...rpcPolicy,
  name: 'zenova-dead',
  pattern: '^zenova\\.rpc\\.dead(\\.|$)',
  definition: { 'delivery-limit': 1_000_000 },
};

const definitions = {
  vhosts: [{ name: '/' }],
  // RabbitMQ lets this user in from loopback addresses only, and this broker listens nowhere else.
  users: [{ name: 'guest', password: 'guest', tags: ['administrator'] }],
  permissions: [{ user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' }],
  policies: [rpcPolicy, deadPolicy],
};

/**
 * Writes what a broker reads at start into its data directory.
 *
 * @param {Pick<import('../server/private-server.mjs').Plan, 'name' | 'dataDir' | 'isTemporary'> &
 *   { port: number, distPort: number, epmdPort: number, env: Record<string, string>, settings: Record<string, string | number>, plugins: string[] }} wanted
 * @returns {import('../server/private-server.mjs').Plan}
 */
export function layOut({ distPort, epmdPort, env, settings, plugins, ...place }) {
  const { port, dataDir } = place;
  /** @param {string} name */
  const at = (name) => join(dataDir, name);
  if (!existsSync(at('.erlang.cookie')))
    writeFileSync(at('.erlang.cookie'), randomBytes(24).toString('hex'), { mode: 0o400 });
  writeFileSync(at('enabled_plugins'), `[${plugins.join(',')}].\n`);
  writeFileSync(at('definitions.json'), JSON.stringify(definitions, null, 2), { mode: 0o600 });
  writeFileSync(
    at('rabbitmq.conf'),
    [
      `listeners.tcp.1 = 127.0.0.1:${port}`,
      `load_definitions = ${at('definitions.json')}`,
      'log.console = true',
      'log.console.level = warning',
      'log.file = false',
      ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`),
      '',
    ].join('\n'),
  );

  const loopbackOnly = '-kernel inet_dist_use_interface {127,0,0,1}';
  return {
    ...place,
    logFile: at('rabbitmq.log'),
    pidFile: at('rabbitmq.pid'),
    preparations: [],
    server: { command: brokerScripts.server, args: [] },
    // Erlang would start this daemon by itself, on all interfaces, and leave it behind.
    companion: { command: 'epmd', args: ['-address', '127.0.0.1', '-port', String(epmdPort)] },
    signals: { inOrder: 'SIGTERM', atOnce: 'SIGKILL' },
    // Nothing else of our own environment: settings for another RabbitMQ on this machine must not leak in.
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: dataDir,
      LC_ALL: 'C.UTF-8',
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: String(epmdPort),
      ERL_CRASH_DUMP_SECONDS: '0',
      // An address, because not every machine can resolve a name, its own or "localhost".
      RABBITMQ_NODENAME: 'zenova@127.0.0.1',
      RABBITMQ_USE_LONGNAME: 'true',
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${loopbackOnly} +S 1:1`,
      RABBITMQ_CTL_ERL_ARGS: `${loopbackOnly} +S 1:1`,
      RABBITMQ_CONF_ENV_FILE: at('rabbitmq-env.conf'),
      RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
      RABBITMQ_CONFIG_FILES: at('conf.d'),
      RABBITMQ_ADVANCED_CONFIG_FILE: at('advanced.config'),
      RABBITMQ_GENERATED_CONFIG_DIR: at('generated'),
      RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
      RABBITMQ_MNESIA_BASE: at('mnesia'),
      RABBITMQ_LOG_BASE: at('log'),
      RABBITMQ_PID_FILE: at('rabbitmq.pid'),
      ...env,
    },
  };
}
