/**
 * A private OpenSSH server, run from the installed `openssh-server` package as an ordinary child process: loopback only, own
 * port, host keys and authorised keys. It lets in the user who started it, and nobody else. The tests use it.
 */
import { connect } from 'node:net';
import { portAnswer } from './server/port-answer.mjs';
import { findPlace, startPrivateServer } from './server/private-server.mjs';
import { isSshdInstalled, layOut } from './sshd/layout.mjs';

/**
 * @typedef {object} SshdOptions
 * @property {number} [port] on 127.0.0.1; a free one when not given
 * @property {readonly string[]} [hostKeys] types of the keys that are made for it; ed25519 when not given
 * @property {readonly string[]} [authorizedKeys] public keys that are let in
 * @property {Readonly<Record<string, string>>} [settings] further lines of its sshd_config
 * @property {Readonly<Record<string, string>>} [runtime] as root: directories that its commands see under /run, by name
 */

/**
 * @typedef {object} SshdAddress
 * @property {number} port
 * @property {string} dataDir
 * @property {readonly string[]} publicHostKeys as they stand in a known_hosts file after the host's name
 *
 * @typedef {SshdAddress & import('./server/private-server.mjs').PrivateServer} Sshd
 */

/**
 * Starts a server and resolves once it greets.
 *
 * @param {SshdOptions} [options]
 * @returns {Promise<Sshd>}
 * @throws {Error} when OpenSSH's server is not installed, or with the end of its log when it does not come up
 */
export async function startSshd(options = {}) {
  if (!isSshdInstalled())
    throw new Error('The OpenSSH server is not installed (Debian and Ubuntu: apt-get install openssh-server)');
  const place = await findPlace({ name: 'sshd', port: options.port });
  const { plan, publicHostKeys } = layOut(place, {
    hostKeys: options.hostKeys ?? ['ed25519'],
    authorizedKeys: options.authorizedKeys ?? [],
    settings: options.settings ?? {},
    runtime: options.runtime ?? {},
  });
  const server = await startPrivateServer(plan, () => greets(place.port));
  return { port: place.port, dataDir: place.dataDir, publicHostKeys: publicHostKeys(), ...server };
}

const greeting = Buffer.from('SSH-2.0-');

/** @param {number} port */
async function greets(port) {
  const answer = await portAnswer(
    connect({ host: '127.0.0.1', port }),
    {
      hello: Buffer.from('SSH-2.0-probe\r\n'),
      judge: (received) => (received.length < greeting.length ? undefined : 'ssh'),
    },
    3_000,
  );
  return answer === 'ssh';
}
