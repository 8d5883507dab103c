/**
 * A private libvirtd, run from the installed Debian packages as an ordinary child process, without systemd: a socket,
 * configuration, state and guests of its own, in one directory. The tests use it; the machine's own libvirt is not touched.
 */
import { isLibvirtdInstalled, layOut } from './libvirtd/layout.mjs';
import { socketAnswers } from './libvirtd/probe.mjs';
import { findDirectory, startPrivateServer } from './server/private-server.mjs';

/**
 * @typedef {object} LibvirtdOptions
 * @property {readonly string[]} [emulators] architectures of QEMU that it finds, as `x86_64` and `s390x`; each takes two
 *   seconds at the first connection to `qemuUri`. None when not given, which is enough for `test:///default`
 * @property {Readonly<Record<string, string | number | readonly string[]>>} [settings] further lines of its libvirtd.conf; with
 *   `listen_tls` or `listen_tcp` among them it listens on the network
 * @property {string} [dataDir] where all of it lives, kept after `stop()`; without it a temporary directory that `stop()`
 *   removes
 */

/**
 * @typedef {object} LibvirtdAddress
 * @property {string} socketPath
 * @property {string} qemuUri `qemu:///system` when we are root, else `qemu:///session`
 * @property {string} dataDir
 *
 * @typedef {LibvirtdAddress & import('./server/private-server.mjs').PrivateServer} Libvirtd
 */

/**
 * Starts a daemon and resolves once its socket takes connections. Guests outlive `kill()`, `halt()` and `restart()`, as they
 * do everywhere; `stop()` ends them.
 *
 * @param {LibvirtdOptions} [options]
 * @returns {Promise<Libvirtd>}
 * @throws {Error} when libvirt is not installed, or with the end of its log when it does not come up
 */
export async function startLibvirtd({ emulators = [], settings = {}, dataDir: wanted } = {}) {
  if (!isLibvirtdInstalled())
    throw new Error(
      'libvirtd is not installed (Debian and Ubuntu: apt-get install libvirt-daemon libvirt-daemon-driver-qemu)',
    );
  const place = findDirectory({ name: 'libvirtd', dataDir: wanted });
  const { plan, socketPath, qemuUri } = layOut(place, { emulators, settings });
  const server = await startPrivateServer(plan, () => socketAnswers(socketPath));
  return { socketPath, qemuUri, dataDir: place.dataDir, ...server };
}
