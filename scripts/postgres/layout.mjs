import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('../server/private-server.mjs').Plan} Plan */

// Debian keeps the server's programs off the path, each version in a directory of its own.
const versionsDir = '/usr/lib/postgresql';

/** @returns {string | undefined} the programs of the newest installed version */
function binDir() {
  const versions = existsSync(versionsDir) ? readdirSync(versionsDir) : [];
  return versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(versionsDir, version, 'bin'))
    .find((directory) => ['initdb', 'postgres'].every((program) => existsSync(join(directory, program))));
}

/** @returns {boolean} whether the PostgreSQL server is installed here */
export function isPostgresInstalled() {
  return binDir() !== undefined;
}

/**
 * Writes the password into the data directory, and says how a server is made and run there.
 *
 * @param {Pick<Plan, 'name' | 'dataDir' | 'isTemporary'> & { port: number }} place
 * @param {{ fsync: boolean }} options
 * @returns {{ plan: Plan, password: string }}
 * @throws {Error} when we are root and there is no user `postgres`
 */
export function layOut(place, { fsync }) {
  const { port, dataDir } = place;
  /** @param {string} program */
  const bin = (program) => join(binDir() ?? versionsDir, program);
  const user = unprivilegedUser();
  const data = join(dataDir, 'data');
  const passwordFile = join(dataDir, 'password');
  if (!existsSync(passwordFile)) writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  if (user) for (const path of [dataDir, passwordFile]) chownSync(path, user.uid, user.gid);

  const initdb = [
    ['--pgdata', data],
    ['--username', 'zenova'],
    ['--pwfile', passwordFile],
    ['--auth', 'scram-sha-256'],
    ['--encoding', 'UTF8'],
    ['--locale', 'C'],
    fsync ? [] : ['--no-sync'],
  ].flat();
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    dynamic_shared_memory_type: 'mmap', // in the data directory, which is removed, and not in /dev/shm
    fsync: fsync ? 'on' : 'off',
  };
  return {
    password: readFileSync(passwordFile, 'utf8'),
    plan: {
      ...place,
      logFile: join(dataDir, 'postgres.log'),
      pidFile: join(data, 'postmaster.pid'),
      // Nothing else of our own environment: settings for another PostgreSQL (PG…) must not leak in.
      env: { PATH: process.env['PATH'] ?? '', HOME: dataDir, LC_ALL: 'C' },
      ...(user ? { user } : {}),
      preparations: existsSync(join(data, 'PG_VERSION'))
        ? []
        : [
            { command: bin('initdb'), args: initdb },
            { command: bin('postgres'), args: ['--single', '-D', data, 'postgres'], input: 'CREATE DATABASE zenova\n' },
          ],
      server: {
        command: bin('postgres'),
        args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      },
      signals: { inOrder: 'SIGINT', atOnce: 'SIGQUIT' }, // "fast" and "immediate" shutdown
    },
  };
}

/** @returns {{ uid: number, gid: number } | undefined} undefined when we ourselves are no root */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const entry = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'));
  if (!entry) throw new Error('PostgreSQL does not run as root, and there is no user "postgres" to run it as');
  return { uid: Number(entry[1]), gid: Number(entry[2]) };
}

/**
 * @param {Plan} plan of a server that was killed
 * @returns {string | undefined} the System V shared memory by which it kept others off its data
 */
export function readSharedMemoryId({ pidFile }) {
  if (!existsSync(pidFile)) return undefined;
  const line = readFileSync(pidFile, 'utf8').split('\n')[6]; // "key id", see PostgreSQL's src/include/utils/pidfile.h
  return line?.trim().split(/\s+/)[1];
}
