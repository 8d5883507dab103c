import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from '../../scripts/server/free-port.mjs';

const ENTRY = resolve(import.meta.dirname, '../../dist/main.js');

export interface ServiceProcessOptions {
  readonly url: string;
  readonly group: string;
  readonly server: string;
  readonly deadQueue: string;
  readonly eventsExchange: string;
  /** Hosts as in the configuration file. */
  readonly hosts: Record<string, unknown>;
  readonly environment?: Record<string, string>;
  readonly amqp?: Record<string, unknown>;
  readonly oslo?: Record<string, unknown>;
  readonly journal?: Record<string, unknown>;
  readonly http?: Record<string, unknown>;
  readonly audit?: Record<string, unknown>;
  readonly tracing?: Record<string, unknown>;
  readonly secrets?: Record<string, unknown>;
  readonly rules?: readonly Record<string, unknown>[];
}

/** The built service in a process of its own, with a state directory that outlives it: `npm test` builds it first. */
export class ServiceProcess {
  readonly #options: ServiceProcessOptions;
  readonly directory = mkdtempSync(join(tmpdir(), 'zenova-e2e-'));
  #child: ChildProcess | undefined;
  #port = 0;
  /** Everything it wrote, over all its starts. */
  log = '';

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
  }

  get server(): string {
    return this.#options.server;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Of its HTTP surface, without a slash at the end. */
  get httpUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const {
      url,
      group,
      server,
      deadQueue,
      eventsExchange,
      hosts,
      environment = {},
      amqp = {},
      oslo,
      journal,
      http,
      audit,
      tracing,
      secrets,
      rules,
    } = this.#options;
    // The same after a restart: whoever is connected comes back to it.
    if (this.#port === 0) this.#port = await freePort();
    const file = join(this.directory, 'zenova.yaml');
    // JSON is YAML.
    const config = {
      server,
      group,
      state_dir: this.directory,
      amqp: { url, dead_queue: deadQueue, events_exchange: eventsExchange, ...amqp },
      http: { port: this.#port, ...http },
      log: { level: 'debug' },
      ...(oslo === undefined ? {} : { oslo }),
      ...(journal === undefined ? {} : { journal }),
      ...(audit === undefined ? {} : { audit }),
      ...(tracing === undefined ? {} : { tracing }),
      ...(secrets === undefined ? {} : { secrets }),
      ...(rules === undefined ? {} : { rules }),
      hosts,
    };
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(process.execPath, [ENTRY, 'serve', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: this.directory, ...environment },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        this.log += text;
      });
    }
  }

  /** Resolves once `/readyz` says so. */
  async ready(): Promise<void> {
    await eventually(
      async () => {
        if (this.#child?.exitCode !== null) throw new Error(`the service ended before it was ready:\n${this.log}`);
        return (await this.http('/readyz'))?.status === 200;
      },
      () => `the service to be ready:\n${this.log}`,
      120_000,
    );
  }

  /** The lines of its log that hold a text. One that is not there in whole yet is none. */
  lines(text: string): Record<string, unknown>[] {
    const whole = this.log.split('\n').slice(0, -1);
    return whole.filter((line) => line.includes(text)).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async http(path: string, init: RequestInit = {}): Promise<Response | undefined> {
    return fetch(`${this.httpUrl}${path}`, init).catch(() => undefined);
  }

  signal(signal: 'SIGHUP' | 'SIGUSR2'): void {
    this.#child?.kill(signal);
  }

  /** Resolves to its exit status once it has ended by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return child?.exitCode ?? null;
  }

  /** Ends it with a signal and resolves to its exit status, null when the signal ended it. */
  async end(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
    return child.exitCode;
  }

  /** What stands in each file of its state directory, the write-ahead log included; its socket is none. */
  files(): Map<string, Buffer> {
    const entries = readdirSync(this.directory, { withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(entries.map(({ name }) => [name, readFileSync(join(this.directory, name))]));
  }

  /** Ends it however it stands, and removes its files. */
  async discard(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}
