import { join } from 'node:path';

/** @typedef {import('../server/private-server.mjs').Program} Program */

/**
 * A host of its own for a daemon: a name, a network, processes, device names and directories that nobody else sees. They last as
 * long as the first of its processes, with which all others end.
 *
 * @typedef {object} HostOptions
 * @property {string} name
 * @property {readonly string[]} [setUp] lines of bash by which it gets its devices, before its daemon starts; what they start ends with it
 */

/**
 * @param {HostOptions} host
 * @param {{ dataDir: string, mounts: readonly string[] }} place
 * @param {{ command: string, args: readonly string[] }} daemon
 * @returns {{ companion: Program, server: Program, hostPidFile: string, pidFile: string }} the host, and the daemon on it
 */
export function onHostOfItsOwn({ name, setUp = [] }, { dataDir, mounts }, { command, args }) {
  const hostPidFile = join(dataDir, 'host.pid');
  const pidFile = join(dataDir, 'daemon.pid');
  const made = [
    `trap 'echo failed > ${hostPidFile}' EXIT`,
    // As everybody else counts: its own number is 1.
    'read -r pid rest < /proc/self/stat',
    `hostname ${name}`,
    ...ownDevices(join(dataDir, 'dev')),
    ...mounts,
    // These two show what belongs to who mounts them.
    'mount -t proc proc /proc',
    'mount -t sysfs sysfs /sys',
    'ip link set lo up',
    ...setUp,
    // Whole, or not there: the daemon waits for it.
    `echo $pid > ${hostPidFile}.new`,
    `mv ${hostPidFile}.new ${hostPidFile}`,
    // Guests that have ended are its children, and gone when it takes notice.
    'while :; do sleep infinity & wait $!; done',
  ];
  const start = [
    `until [ -s ${hostPidFile} ]; do sleep 0.02; done`,
    `nsenter --target "$(cat ${hostPidFile})" --mount --uts --net --pid -- "$@" & entered=$!`,
    `until [ -s ${pidFile} ] || ! kill -0 $entered; do cat /proc/$entered/task/$entered/children > ${pidFile}; done`,
    `trap 'kill $(cat ${pidFile})' TERM`,
    'wait $entered',
    'wait $entered', // a signal ends the first one
  ];
  const unshared = ['--mount', '--propagation', 'private', '--uts', '--net', '--pid', '--fork', '--kill-child'];
  return {
    companion: { command: 'unshare', args: [...unshared, 'bash', '-e', '-c', made.join('\n')] },
    server: { command: 'sh', args: ['-c', [`rm -f ${pidFile}`, ...start].join('\n'), 'sh', command, ...args] },
    hostPidFile,
    pidFile,
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
