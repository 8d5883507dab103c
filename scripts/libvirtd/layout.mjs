import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onHostOfItsOwn } from './host.mjs';

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
 * @param {import('../libvirtd.mjs').LibvirtdOptions} options
 * @returns {{ plan: Plan, socketPath: string, qemuUri: string, hostPidFile: string | undefined }}
 * @throws {Error} for a host of its own, which only root can make
 */
export function layOut(place, { emulators = [], settings = {}, cacheDir, host }) {
  const { dataDir } = place;
  const isRoot = process.getuid?.() === 0;
  if (host !== undefined && !isRoot) throw new Error('a host of its own for a libvirtd takes root');
  /** @param {string[]} path */
  const at = (...path) => join(dataDir, ...path);
  /** @param {string} directory of the machine */
  const ours = (directory) => at(directory.slice(1).replaceAll('/', '-'));
  const configDir = isRoot ? ours('/etc/libvirt') : at('config', 'libvirt');
  const lockDir = join(ours('/run'), 'lock'); // where the lock of a console's terminal goes
  // As the package makes them.
  const states = ['boot', 'dnsmasq', 'images', 'qemu'].map((name) => join(ours('/var/lib/libvirt'), name));
  for (const directory of [...machineWide.map(ours), ...states, configDir, lockDir])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  // What is known of an emulator is kept under its path: both have to stay for the next daemon.
  const learned = cacheDir === undefined ? dataDir : join(cacheDir, emulators.toSorted().join('-'));
  const tools = join(learned, 'tools');
  linkTools(tools, emulators);

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
      ...(isRoot ? { user: 'root', group: 'root', swtpm_user: 'root', swtpm_group: 'root' } : {}),
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
  const caches = cacheDir === undefined ? ours('/var/cache/libvirt') : join(learned, 'cache');
  mkdirSync(caches, { recursive: true, mode: 0o700 });
  const mounts = machineWide.map((directory) => {
    return `mount --bind ${directory === '/var/cache/libvirt' ? caches : ours(directory)} ${directory}`;
  });
  const script = [...mounts, 'exec "$@"'].join(' && ');
  const onHost = host && onHostOfItsOwn(host, { dataDir, mounts }, { command: libvirtd, args: daemon });
  return {
    hostPidFile: onHost?.hostPidFile,
    socketPath: join(runDir, 'libvirt-sock'),
    qemuUri: isRoot ? 'qemu:///system' : 'qemu:///session',
    plan: {
      ...place,
      logFile: at('libvirtd.log'),
      pidFile: onHost?.pidFile ?? pidFile,
      outlivingDirs: [isRoot ? join(runDir, 'qemu') : join(runDir, 'qemu', 'run'), join(runDir, 'network')],
      env: {
        PATH: tools,
        HOME: dataDir,
        LC_ALL: 'C',
        XDG_RUNTIME_DIR: at('run'),
        XDG_CONFIG_HOME: at('config'),
        XDG_CACHE_HOME: cacheDir === undefined ? at('cache') : join(learned, 'cache'),
        XDG_DATA_HOME: at('data'),
        XDG_STATE_HOME: at('state'),
      },
      preparations: [],
      ...(onHost && { companion: onHost.companion }),
      server:
        onHost?.server ??
        (isRoot
          ? {
              command: 'unshare',
              args: ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', libvirtd, ...daemon],
            }
          : { command: libvirtd, args: daemon }),
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
 * seconds, before it answers the first who wants the QEMU driver. What has been installed since the last time is added.
 *
 * @param {string} directory
 * @param {readonly string[]} emulators
 */
function linkTools(directory, emulators) {
  const wanted = new Set(emulators.map((architecture) => `qemu-system-${architecture}`));
  mkdirSync(directory, { recursive: true });
  const linked = new Set(readdirSync(directory));
  for (const place of toolPlaces.filter((path) => existsSync(path))) {
    for (const name of readdirSync(place)) {
      if (linked.has(name) || (name.startsWith('qemu-system-') && !wanted.has(name))) continue;
      linked.add(name);
      link(join(place, name), join(directory, name));
    }
  }
}

/**
 * @param {string} target
 * @param {string} path
 */
function link(target, path) {
  try {
    symlinkSync(target, path);
  } catch (error) {
    // Another one that starts a daemon has done it meanwhile.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
}
