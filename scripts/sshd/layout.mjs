import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';

/** @typedef {import('../server/private-server.mjs').Plan} Plan */

const sshd = '/usr/sbin/sshd';

/** @returns {boolean} whether OpenSSH's server is installed here */
export function isSshdInstalled() {
  return existsSync(sshd);
}

/**
 * Writes the configuration, and says how host keys are made and the server is run.
 *
 * As root, sshd wants a directory under /run, and writes down there who logged on. It gets a /run of its own, in which
 * `runtime` appears; that is what commands see that are run through it.
 *
 * @param {Pick<Plan, 'name' | 'dataDir' | 'isTemporary'> & { port: number }} place
 * @param {{ hostKeys: readonly string[], authorizedKeys: readonly string[], settings: Readonly<Record<string, string>>, runtime: Readonly<Record<string, string>> }} options
 * @returns {{ plan: Plan, publicHostKeys: () => string[] }}
 */
export function layOut(place, { hostKeys, authorizedKeys, settings, runtime }) {
  const { port, dataDir } = place;
  const files = hostKeys.map((type) => ({ type, file: join(dataDir, `host_${type}_key`) }));
  const authorizedKeysFile = join(dataDir, 'authorized_keys');
  const configFile = join(dataDir, 'sshd_config');
  const pidFile = join(dataDir, 'sshd.pid');
  writeFileSync(authorizedKeysFile, authorizedKeys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
  /** @type {[string, string | number][]} */
  const lines = [
    ['Port', port],
    ['ListenAddress', '127.0.0.1'],
    ...files.map(({ file }) => /** @type {[string, string]} */ (['HostKey', file])),
    ['PidFile', pidFile],
    ['AuthorizedKeysFile', authorizedKeysFile],
    ['StrictModes', 'no'], // /tmp may be written to by all
    ['UsePAM', 'no'],
    ['AllowUsers', userInfo().username],
    ['PasswordAuthentication', 'no'],
    ['KbdInteractiveAuthentication', 'no'],
    ['PrintMotd', 'no'],
    // bash reads ~/.bashrc for every command, which takes seconds with what developers have in it.
    ['SetEnv', `HOME=${dataDir}`],
    ...Object.entries(settings),
  ];
  writeFileSync(configFile, lines.map((line) => `${line.join(' ')}\n`).join(''));

  const server = { command: sshd, args: ['-D', '-e', '-f', configFile] };
  return {
    publicHostKeys: () => files.map(({ file }) => readFileSync(`${file}.pub`, 'utf8').trim()),
    plan: {
      ...place,
      logFile: join(dataDir, 'sshd.log'),
      pidFile,
      env: { PATH: process.env['PATH'] ?? '', HOME: dataDir, LC_ALL: 'C' },
      preparations: files
        .filter(({ file }) => !existsSync(file))
        .map(({ type, file }) => ({ command: 'ssh-keygen', args: ['-q', '-t', type, '-N', '', '-C', '', '-f', file] })),
      server: process.getuid?.() === 0 ? inOwnRun(server, runtime) : server,
      signals: { inOrder: 'SIGTERM', atOnce: 'SIGTERM' },
    },
  };
}

/**
 * @param {import('../server/private-server.mjs').Program} program
 * @param {Readonly<Record<string, string>>} runtime directories by their name under /run
 */
function inOwnRun({ command, args }, runtime) {
  for (const directory of Object.values(runtime)) mkdirSync(directory, { recursive: true });
  const script = [
    'set -e',
    'mount -t tmpfs -o mode=0755 private-run /run',
    'mkdir -m 0755 /run/sshd',
    'while [ "$1" != -- ]; do mkdir "/run/$1"; mount --bind "$2" "/run/$1"; shift 2; done',
    'shift',
    'exec "$@"',
  ].join('\n');
  const binds = Object.entries(runtime).flat();
  return {
    command: 'unshare',
    args: ['--mount', '--propagation', 'private', '--', 'sh', '-c', script, 'sh', ...binds, '--', command, ...args],
  };
}
