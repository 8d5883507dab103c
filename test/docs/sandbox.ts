import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { startBroker, type Broker } from '../support/broker.js';
import { freePort } from '../../scripts/server/free-port.mjs';
import { guestSystems } from '../support/guest-systems.js';
import { startLibvirtHosts, type LibvirtHosts } from '../support/libvirt-hosts.js';
import { startPostgres, type Postgres } from '../support/postgres.js';
import { CHECKOUT } from './documents.js';
import { STAND_INS } from './stand-ins.js';

/** Places of the machine that examples write to. */
const PLACES =
  /(?<![\w.])\/(?:etc\/(?:zenova|systemd)|usr\/lib\/sysusers\.d|usr\/local\/bin|var\/(?:lib|log|backups)|opt\/zenova|tmp)\b/g;
const PATIENCE_MS = 220_000;

export interface SandboxOptions {
  /** Examples are read, such as configurations, and none is run: nothing is started for them. */
  readonly isReadOnly?: boolean;
  /** A simulated estate is served, as by `npm start`. */
  readonly estate: boolean;
  readonly postgres?: boolean;
  /** This machine is a host of libvirt's, with a bridge `br0`, and there is an image for its guests on the web. */
  readonly libvirt?: boolean;
  /** What docs/install.md makes is there: code, unit, directories, the broker's address. */
  readonly isInstalled?: boolean;
  /** RabbitMQ users that are there. */
  readonly users?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/**
 * Where the examples of one page are carried out: a directory that stands for the machine's own, a private broker, and
 * stand-ins for the programs that would change the machine.
 */
export class Sandbox {
  readonly directory = mkdtempSync(join(tmpdir(), 'zenova-docs-'));
  /** Programs find `zenova` and Nest from here, as a program that depends on them does. */
  readonly #programs: string;
  readonly #replacements: [what: RegExp, by: string][] = [];
  #environment: Record<string, string> = {};
  readonly #servers: Server[] = [];
  #postgres: Postgres | undefined;
  #libvirt: LibvirtHosts | undefined;

  private constructor(private readonly broker: Broker | undefined) {
    mkdirSync(join(CHECKOUT, '.zenova'), { recursive: true });
    this.#programs = mkdtempSync(join(CHECKOUT, '.zenova', 'docs-'));
  }

  static async open(options: SandboxOptions): Promise<Sandbox> {
    const sandbox = new Sandbox(options.isReadOnly === true ? undefined : await startBroker());
    try {
      await sandbox.#furnish(options);
    } catch (error) {
      await sandbox.close();
      throw error;
    }
    return sandbox;
  }

  async #furnish({ estate, postgres, libvirt, isInstalled, users = [], environment }: SandboxOptions): Promise<void> {
    const here = (...path: string[]): string => join(this.directory, ...path);
    for (const path of [
      'bin',
      'etc/systemd/system',
      'usr/lib/sysusers.d',
      'usr/local/bin',
      'var/lib',
      'var/backups',
      'tmp',
      'state',
    ])
      mkdirSync(here(path), { recursive: true });
    for (const name of ['docs', 'packaging', 'simulators']) symlinkSync(join(CHECKOUT, name), here(name));
    for (const [name, script] of Object.entries(STAND_INS)) {
      writeFileSync(here('bin', name), `#!/bin/bash\n${script}\n`);
      chmodSync(here('bin', name), 0o755);
    }
    this.#replacements.push([PLACES, `${this.directory}$&`]);
    const { broker } = this;
    if (broker === undefined) return;
    const { port: amqp } = new URL(broker.url);
    const [http, hmc] = [await freePort(), await freePort()];
    this.#replacements.push(
      [/\b5672\b/g, amqp],
      [/\b8780\b/g, String(http)],
      [/\b6794\b/g, String(hmc)],
      [/\bhmc\.example\.org\b/g, '127.0.0.1'],
    );
    this.#environment = {
      PATH: `${here('bin')}:${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: here(),
      LC_ALL: 'C.UTF-8',
      SANDBOX: this.directory,
      NODE: process.execPath,
      BROKER_CONTROL: await this.#control(broker),
      ZENOVA_AMQP_URL: broker.url,
      ZENOVA_CONFIG: here('etc/zenova/zenova.yaml'),
      ZENOVA__HTTP__PORT: String(http),
      ...environment,
    };
    for (const user of users) await broker.ctl('add_user', user, 'secret');
    if (isInstalled === true) this.#install(broker.url);
    if (postgres === true) await this.#startPostgres();
    if (libvirt === true) await this.#startLibvirt();
    if (estate) await this.#serveEstate(here('state'));
  }

  /** `npm start` without a configuration file: nothing names one, and there is none in its place. */
  async #serveEstate(stateDir: string): Promise<void> {
    const { ZENOVA_CONFIG: _, ...environment } = this.#environment;
    this.#environment = { ...environment, ZENOVA_STATE_DIR: stateDir };
    const { code, output } = await this.shell('zenova serve');
    if (code !== 0) throw new Error(output);
  }

  #install(brokerUrl: string): void {
    const here = (...path: string[]): string => join(this.directory, ...path);
    mkdirSync(here('opt'));
    mkdirSync(here('etc/zenova'));
    symlinkSync(CHECKOUT, here('opt/zenova'));
    copyFileSync(join(CHECKOUT, 'packaging/systemd/zenova.service'), here('etc/systemd/system/zenova.service'));
    writeFileSync(here('etc/zenova/amqp-url'), brokerUrl, { mode: 0o640 });
  }

  async #startPostgres(): Promise<void> {
    this.#postgres = await startPostgres({ fsync: false });
    const { hostname, port } = new URL(this.#postgres.url);
    await likeDebian(this.#postgres.url);
    this.#replacements.push([/\b5432\b/g, port]);
    Object.assign(this.#environment, { PGHOST: hostname, PGPORT: port, PGUSER: 'postgres', PGPASSWORD: 'postgres' });
  }

  async #startLibvirt(): Promise<void> {
    this.#libvirt = await startLibvirtHosts({ names: ['kvm1'] });
    const [host] = this.#libvirt.hosts;
    const { disk } = await guestSystems('x86_64');
    this.#replacements.push(
      [/\bqemu:\/\/\/system\b/g, `qemu+unix:///system?socket=${host?.daemon.socketPath}`],
      [/https:\/\/cloud-images\.example\.org\/\S+/g, await this.#serveFile(disk.qcow2)],
    );
  }

  /** @returns its address */
  async #serveFile(file: string): Promise<string> {
    const server = createServer((_request, response) => {
      pipeline(createReadStream(file), response).catch(() => response.destroy());
    });
    return `http://${await this.#listen(server)}/image`;
  }

  async #control(broker: Broker): Promise<string> {
    const server = createServer((request, response) => {
      void text(request)
        .then((body) => broker.ctl(...(JSON.parse(body) as string[])))
        .then(
          (output) => response.end(output),
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
    });
    return `http://${await this.#listen(server)}/`;
  }

  /** @returns where it listens */
  async #listen(server: Server): Promise<string> {
    server.listen(0, '127.0.0.1');
    this.#servers.push(server);
    await once(server, 'listening');
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The text with this sandbox's places, ports and names in it. */
  adapted(example: string): string {
    return this.#replacements.reduce((written, [what, by]) => written.replaceAll(what, by), example);
  }

  /** Carries out a shell example. What an example exports is there in those after it, as in one terminal. */
  async shell(example: string, answers = ''): Promise<Ran> {
    const exported = join(this.directory, 'exported');
    const before = existsSync(exported) ? `source ${exported}\n` : '';
    const script = `set -euo pipefail\n${before}${this.adapted(example)}\nexport -p >${exported}\n`;
    return this.#run('bash', ['-c', script], this.directory, answers);
  }

  /** Carries out a program, as a module of a package that has ours and Nest in its dependencies. */
  async program(example: string): Promise<Ran> {
    const file = join(this.#programs, 'example.mjs');
    // Some keep their connection, as a service would.
    writeFileSync(file, `${this.adapted(example)}\nprocess.exit(0);\n`);
    return this.#run(process.execPath, [file], this.#programs, '');
  }

  async #run(command: string, args: readonly string[], cwd: string, answers: string): Promise<Ran> {
    const child = spawn(command, args, { cwd, env: this.#environment, detached: true, timeout: PATIENCE_MS });
    child.stdin.on('error', () => undefined).end(this.adapted(answers));
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { code, output: `${out}${err}` };
  }

  /** What stand-ins were asked for and did not do. */
  accepted(): string[] {
    const file = join(this.directory, 'accepted');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  async close(): Promise<void> {
    for (const name of readdirSync(this.directory).filter((file) => file.endsWith('.pid')))
      killGroup(Number(readFileSync(join(this.directory, name), 'utf8')));
    for (const server of this.#servers) server.close();
    await Promise.all([this.broker?.stop(), this.#postgres?.stop(), this.#libvirt?.stop()]);
    for (const directory of [this.directory, this.#programs]) rmSync(directory, { recursive: true, force: true });
  }
}

/** Leaves nothing but a superuser `postgres` and his database, as in a server that has just been installed. */
async function likeDebian(url: string): Promise<void> {
  const first = new Client(url);
  await first.connect();
  await first.query("CREATE ROLE postgres SUPERUSER LOGIN PASSWORD 'postgres'");
  await first.end();
  const { host } = new URL(url);
  const postgres = new Client(`postgresql://postgres:postgres@${host}/postgres`);
  await postgres.connect();
  await postgres.query('DROP DATABASE zenova');
  await postgres.query('ALTER ROLE zenova RENAME TO before');
  await postgres.end();
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
