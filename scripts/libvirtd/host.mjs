import { join } from 'node:path';

/** @typedef {import('../server/private-server.mjs').Program} Program */

/**
 * A host of its own for a daemon: a name, a network, device names and directories that nobody else sees. They are those of a
 * process that sleeps, and last as long as it does, or a guest.
 *
 * @typedef {object} HostOptions
 * @property {string} name
 * @property {readonly string[]} [setUp] lines of bash by which it gets its devices, before its daemon starts; what they start ends with it
 */

/**
 * @param {HostOptions} host
 * @param {{ dataDir: string, mounts: readonly string[] }} place
 * @param {{ command: string, args: readonly string[] }} daemon
 * @returns {{ companion: Program, server: Program, hostPidFile: string }} the host, and the daemon on it
 */
export function onHostOfItsOwn({ name, setUp = [] }, { dataDir, mounts }, { command, args }) {
  const pidFile = join(dataDir, 'host.pid');
  const made = [
    `trap 'echo failed > ${pidFile}' EXIT`,
    `hostname ${name}`,
    ...ownDevices(join(dataDir, 'dev')),
    ...mounts,
    // Of the network, it shows that of who mounts it.
    'mount -t sysfs sysfs /sys',
    'ip link set lo up',
    ...setUp,
    // Whole, or not there: the daemon waits for it.
    `echo $$ > ${pidFile}.new`,
    `mv ${pidFile}.new ${pidFile}`,
    'exec sleep infinity',
  ];
  const daemonScript = [
    `until [ -s ${pidFile} ]; do sleep 0.02; done`,
    `exec nsenter --target "$(cat ${pidFile})" --mount --uts --net -- "$@"`,
  ];
  return {
    companion: {
      command: 'unshare',
      args: ['--mount', '--propagation', 'private', '--uts', '--net', 'bash', '-e', '-c', made.join('\n')],
    },
    server: { command: 'sh', args: ['-c', daemonScript.join('\n'), 'sh', command, ...args] },
    hostPidFile: pidFile,
  };
}

/**
 * Devices that can be named as one likes. KVM is not among them: where tests run it may be there and run no guest.
 *
 * @param {string} directory
 */
function ownDevices(directory) {
  return [
    `mkdir -p ${directory}`,
    `mount -t tmpfs -o mode=755 devices ${directory}`,
    `cp -a --one-file-system /dev/. ${directory}`,
    `rm -f ${directory}/kvm`,
    ...['pts', 'shm'].map((each) => `mkdir -p ${directory}/${each}; mount --bind /dev/${each} ${directory}/${each}`),
    `mount --move ${directory} /dev`,
  ];
}
