/**
 * A private libvirtd, run from the installed Debian packages as an ordinary child process, without systemd: a socket,
 * configuration, state and guests of its own, in one directory. The tests use it; the machine's own libvirt is not touched.
 */
import { readFileSync } from 'node:fs';
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
 * @property {string} [cacheDir] where it keeps what it has learned of its emulators, so that the next one does not ask them again
 * @property {import('./libvirtd/host.mjs').HostOptions} [host] a host of its own, which it keeps over its restarts; root only
 */

/**
 * @typedef {object} LibvirtdAddress
 * @property {string} socketPath
 * @property {string} qemuUri `qemu:///system` when we are root, else `qemu:///session`
 * @property {string} dataDir
 * @property {number | undefined} hostPid of the process that holds its host, in whose namespaces everything of that host is
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
export async function startLibvirtd(options = {}) {
  if (!isLibvirtdInstalled())
    throw new Error(
      'libvirtd is not installed (Debian and Ubuntu: apt-get install libvirt-daemon libvirt-daemon-driver-qemu)',
    );
  const place = findDirectory({ name: 'libvirtd', dataDir: options.dataDir });
  const { plan, socketPath, qemuUri, hostPidFile } = layOut(place, options);
  const server = await startPrivateServer(plan, () => socketAnswers(socketPath));
  const hostPid = hostPidFile === undefined ? undefined : Number.parseInt(readFileSync(hostPidFile, 'utf8'), 10);
  return { socketPath, qemuUri, dataDir: place.dataDir, hostPid, ...server };
}
