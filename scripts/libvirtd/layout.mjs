import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('../server/private-server.mjs').Plan} Plan */

const libvirtd = '/usr/sbin/libvirtd';
/** The machine's, for which a daemon of root has no settings. */
const machineWide = ['/etc/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt', '/run'];
const toolPlaces = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** @returns {boolean} whether libvirt's daemon is installed here, with its QEMU driver */
export function isLibvirtdInstalled() {
  const drivers = readdirSync('/usr/lib').map(
    (name) => `/usr/lib/${name}/libvirt/connection-driver/libvirt_driver_qemu.so`,
  );
  return existsSync(libvirtd) && drivers.some((file) => existsSync(file));
}

/**
 * Writes what a daemon reads at start into its data directory. As root it runs in a mount namespace of its own, where the
 * machine's directories of libvirt are ours; otherwise it is a session daemon, whose directories its environment tells.
 *
 * @param {Pick<Plan, 'name' | 'dataDir' | 'isTemporary'>} place
 * @param {{ emulators: readonly string[], settings: Readonly<Record<string, string | number | readonly string[]>> }} options
 * @returns {{ plan: Plan, socketPath: string, qemuUri: string }}
 */
export function layOut(place, { emulators, settings }) {
  const { dataDir } = place;
  const isRoot = process.getuid?.() === 0;
  /** @param {string[]} path */
  const at = (...path) => join(dataDir, ...path);
  /** @param {string} directory of the machine */
  const ours = (directory) => at(directory.slice(1).replaceAll('/', '-'));
  const configDir = isRoot ? ours('/etc/libvirt') : at('config', 'libvirt');
  const lockDir = join(ours('/run'), 'lock'); // where the lock of a console's terminal goes
  for (const directory of [...machineWide.map(ours), configDir, lockDir])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(at('tools'))) linkTools(at('tools'), emulators);

  writeFileSync(
    at('libvirtd.conf'),
    lines({
      auth_unix_ro: 'none',
      auth_unix_rw: 'none',
      log_outputs: '3:stderr',
      host_uuid: randomUUID(),
      listen_tls: 0,
      ...settings,
    }),
  );
  // Guests are processes of whoever runs this, and all that is theirs lies in the data directory.
  writeFileSync(
    join(configDir, 'qemu.conf'),
    lines({
      ...(isRoot ? { user: 'root', group: 'root' } : {}),
      security_driver: 'none',
      stdio_handler: 'file',
      namespaces: [],
      cgroup_controllers: [],
    }),
  );

  const runDir = at('run', 'libvirt'); // in either case
  const pidFile = at('libvirtd.pid');
  const listens = [settings['listen_tls'], settings['listen_tcp']].includes(1);
  const daemon = ['--config', at('libvirtd.conf'), '--pid-file', pidFile, ...(listens ? ['--listen'] : [])];
  const mounts = machineWide.map((directory) => `mount --bind ${ours(directory)} ${directory}`);
  const script = [...mounts, 'exec "$@"'].join(' && ');
  return {
    socketPath: join(runDir, 'libvirt-sock'),
    qemuUri: isRoot ? 'qemu:///system' : 'qemu:///session',
    plan: {
      ...place,
      logFile: at('libvirtd.log'),
      pidFile,
      outlivingDir: isRoot ? join(runDir, 'qemu') : join(runDir, 'qemu', 'run'),
      env: {
        PATH: at('tools'),
        HOME: dataDir,
        LC_ALL: 'C',
        XDG_RUNTIME_DIR: at('run'),
        XDG_CONFIG_HOME: at('config'),
        XDG_CACHE_HOME: at('cache'),
        XDG_DATA_HOME: at('data'),
        XDG_STATE_HOME: at('state'),
      },
      preparations: [],
      server: isRoot
        ? {
            command: 'unshare',
            args: ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', libvirtd, ...daemon],
          }
        : { command: libvirtd, args: daemon },
      signals: { inOrder: 'SIGTERM', atOnce: 'SIGKILL' },
    },
  };
}

/** @param {Readonly<Record<string, string | number | readonly string[]>>} settings of a configuration file of libvirt's */
function lines(settings) {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join('');
}

/**
 * The programs of this machine, with these emulators only: of each one that a daemon finds it asks what it can do, for two
 * seconds, before it answers the first who wants the QEMU driver.
 *
 * @param {string} directory
 * @param {readonly string[]} emulators
 */
function linkTools(directory, emulators) {
  const wanted = new Set(emulators.map((architecture) => `qemu-system-${architecture}`));
  mkdirSync(directory);
  for (const place of toolPlaces.filter((path) => existsSync(path))) {
    for (const name of readdirSync(place)) {
      const isWanted = !name.startsWith('qemu-system-') || wanted.has(name);
      if (isWanted && !existsSync(join(directory, name))) symlinkSync(join(place, name), join(directory, name));
    }
  }
}
