import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const PYTHON = '/usr/bin/python3';
const SCRIPT = join(import.meta.dirname, 'oslo-client.py');

/** The metrics of oslo.messaging, which nobody asked for, keep each of its processes ten seconds from ending. */
export const QUICK_END = { OS_OSLO_MESSAGING_METRICS__METRICS_THREAD_STOP_TIMEOUT: '1' } as const;

/** Those of Nova's exceptions that callers are told, by their parents. */
const NOVA_EXCEPTIONS = {
  Forbidden: 'NovaException',
  Invalid: 'NovaException',
  NotFound: 'NovaException',
  ServiceUnavailable: 'Invalid',
  InvalidConfiguration: 'Invalid',
  InstanceInvalidState: 'Invalid',
  HypervisorTooOld: 'Invalid',
  ComputeResourcesUnavailable: 'ServiceUnavailable',
  ComputeServiceUnavailable: 'ServiceUnavailable',
  HypervisorUnavailable: 'NovaException',
  InstanceExists: 'NovaException',
  InstanceNotFound: 'NotFound',
  InternalError: 'NovaException',
  TaskAlreadyRunning: 'NovaException',
  InstanceUpdateConflict: 'NovaException',
  UnexpectedTaskStateError: 'InstanceUpdateConflict',
  VirtDriverNotReady: 'NovaException',
} as const;

/** An exception as the Python caller sees it. */
export interface PythonError {
  readonly class: string;
  readonly mro: readonly string[];
  readonly text: string;
  readonly args: readonly unknown[];
  readonly kwargs: Record<string, unknown> | null;
  readonly remote: { readonly type: string | null; readonly value: string | null; readonly traceback: string[] | null };
}

export interface OsloAnswer {
  readonly result?: unknown;
  /** It was of the class in `catch`. */
  readonly caught?: PythonError;
  readonly failed?: PythonError;
}

export interface OsloRequest {
  readonly exchange?: string;
  readonly topic?: string;
  readonly namespace?: string;
  readonly version?: string;
  readonly server?: string;
  readonly fanout?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly call_monitor_timeout?: number;
  readonly context?: Record<string, unknown>;
  /** A Python class: `NotImplementedError`, `nova.exception.NotFound`. */
  readonly catch?: string;
}

export interface OsloClientOptions {
  readonly exchange?: string;
  readonly topic?: string;
  /** Of `[oslo_messaging_rabbit]`. */
  readonly options?: Record<string, unknown>;
  readonly allowedRemoteExmods?: readonly string[];
}

/** Debian's oslo.messaging in a Python process: the caller that OpenStack services are. */
export class OsloClient {
  private constructor(
    private readonly python: PythonProcess,
    private readonly target: { readonly exchange: string; readonly topic: string },
  ) {}

  /** @throws Error that names the Debian package when it is missing */
  static async start(url: string, options: OsloClientOptions = {}): Promise<OsloClient> {
    requireOsloMessaging();
    const { exchange = 'zenova', topic = 'zenova' } = options;
    const python = new PythonProcess();
    await python.begin({
      url: rabbitUrl(url),
      options: options.options ?? {},
      allowed_remote_exmods: options.allowedRemoteExmods ?? ['nova.exception'],
      nova_exceptions: NOVA_EXCEPTIONS,
    });
    return new OsloClient(python, { exchange, topic });
  }

  /** The same process, for another topic. */
  at(topic: string): OsloClient {
    return new OsloClient(this.python, { ...this.target, topic });
  }

  call(method: string, args: Record<string, unknown>, request: OsloRequest = {}): Promise<OsloAnswer> {
    return this.#ask('call', { timeout: 60, ...named(method), args, ...request });
  }

  async cast(method: string, args: Record<string, unknown>, request: OsloRequest = {}): Promise<void> {
    const { failed } = await this.#ask('cast', { ...named(method), args, ...request });
    if (failed !== undefined) throw new Error(failed.text);
  }

  /** Serves a topic with an endpoint of one method, `note`, beside us. */
  async serve(request: OsloRequest & { readonly server: string }): Promise<void> {
    const { failed } = await this.#ask('serve', { ...request });
    if (failed !== undefined) throw new Error(failed.text);
  }

  /** Arguments of the notes that reached our servers. */
  async seen(): Promise<Record<string, unknown>[]> {
    return (await this.#ask('seen', {})).result as Record<string, unknown>[];
  }

  close(): Promise<void> {
    return this.python.close();
  }

  #ask(action: string, request: Record<string, unknown>): Promise<OsloAnswer> {
    return this.python.ask({ do: action, ...this.target, ...request });
  }
}

/** `power.query` is method `query` of namespace `power`. */
function named(method: string): Record<string, string> {
  const [namespace = '', name] = method.split('.');
  return name === undefined ? { method: namespace } : { namespace, method: name };
}

interface Waiting {
  readonly resolve: (answer: OsloAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** The script beside this file: requests as lines of JSON, answers likewise, in any order. */
class PythonProcess {
  readonly #waiting = new Map<number, Waiting>();
  readonly #child: ChildProcessWithoutNullStreams;
  #lastId = 0;
  #errors = '';

  constructor() {
    this.#child = spawn(PYTHON, ['-W', 'ignore', SCRIPT], { env: { ...process.env, ...QUICK_END } });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    createInterface(this.#child.stdout).on('line', (line) => {
      const { id, ...answer } = JSON.parse(line) as OsloAnswer & { id: number };
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    });
    // A request that it does not read any more: its end, which follows, tells why.
    this.#child.stdin.on('error', () => undefined);
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(this.#failure());
    });
  }

  /** Resolves when the script is ready for requests. */
  begin(settings: Record<string, unknown>): Promise<OsloAnswer> {
    return this.#send(0, settings);
  }

  ask(request: Record<string, unknown>): Promise<OsloAnswer> {
    return this.#send(++this.#lastId, request);
  }

  async close(): Promise<void> {
    if (this.#hasEnded) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    await gone;
    clearTimeout(timer);
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #failure(): Error {
    return new Error(`the Python client ended:\n${this.#errors}`);
  }

  #send(id: number, request: Record<string, unknown>): Promise<OsloAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) {
        reject(this.#failure());
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }
}

function requireOsloMessaging(): void {
  const { status } = spawnSync(PYTHON, ['-c', 'import oslo_messaging'], { stdio: 'ignore' });
  if (status === 0) return;
  throw new Error(
    `${PYTHON} has no oslo.messaging, without which its envelope cannot be tested: apt-get install --no-install-recommends python3-oslo.messaging`,
  );
}

export function rabbitUrl(url: string): string {
  const { username, password, host, pathname } = new URL(url);
  const user = username === '' ? 'guest:guest' : `${username}:${password}`;
  return `rabbit://${user}@${host}${pathname === '' ? '/' : pathname}`;
}
