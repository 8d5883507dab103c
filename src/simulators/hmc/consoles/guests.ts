import type { Cancel, Clock } from '../../kit/clock.js';
import type { Changes } from '../changes.js';
import {
  TinyLinux,
  TinyZvm,
  type CommandResult,
  type GuestEnd,
  type GuestFacts,
  type GuestSystem,
} from './guest-system.js';
import type { GuestHost, OsMessages } from './os-messages.js';

/** What operating systems need of the machines that they run in. */
export interface GuestMachines {
  facts(host: GuestHost): GuestFacts & { readonly system: 'linux' | 'zvm' };
  /** How long it takes to shut down. */
  haltMs(host: GuestHost): number;
  /** The operating system has ended by itself. */
  ended(host: GuestHost, end: 'halted' | 'crashed'): void;
}

/** Statuses of partitions and of logical partitions in which an operating system runs. */
const RUNNING: readonly string[] = ['active', 'degraded', 'operating'];

/** Somebody who watches what an operating system does by itself. */
type Watcher = (lines: readonly string[]) => void;

/** The operating systems in the partitions: they boot when their partition runs, answer commands, and end. */
export class Guests {
  readonly #running = new Map<GuestHost, GuestSystem>();
  readonly #ending = new Map<GuestHost, Cancel>();
  readonly #watchers = new Map<GuestHost, Set<Watcher>>();

  constructor(
    private readonly clock: Clock,
    private readonly messages: OsMessages,
    private readonly machines: GuestMachines,
    changes: Changes,
    find: (uri: string) => GuestHost | undefined,
  ) {
    changes.subscribe((change) => {
      const host = change.kind === 'status' ? find(change.object.uri) : undefined;
      if (host !== undefined && change.kind === 'status') this.#follow(host, RUNNING.includes(change.oldStatus));
    });
  }

  /** The operating system that runs there; undefined when none does. */
  system(host: GuestHost): GuestSystem | undefined {
    if (!RUNNING.includes(host.status)) return undefined;
    return this.#running.get(host) ?? this.#start(host);
  }

  /** Executes a command; what it does to the partition comes after a while, as a shutdown takes its time. */
  run(host: GuestHost, command: string): CommandResult {
    const result = this.system(host)?.run(command) ?? { lines: [] };
    if (result.end !== undefined) this.#endLater(host, result.end);
    return result;
  }

  /** Tells of what the operating system writes by itself, such as when it boots. Returns what ends it. */
  watch(host: GuestHost, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(host) ?? new Set();
    this.#watchers.set(host, watchers.add(watcher));
    return () => void watchers.delete(watcher);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    for (const cancel of this.#ending.values()) cancel();
    this.#ending.clear();
  }

  #follow(host: GuestHost, ran: boolean): void {
    const runs = RUNNING.includes(host.status);
    if (runs && !ran) this.#boot(host);
    if (runs) return;
    this.#running.delete(host);
    this.#ending.get(host)?.();
    this.#ending.delete(host);
  }

  #boot(host: GuestHost): void {
    const lines = this.#start(host).bootLines();
    this.messages.write(host, lines);
    for (const watcher of this.#watchers.get(host) ?? []) watcher(lines);
  }

  #start(host: GuestHost): GuestSystem {
    const { system, ...facts } = this.machines.facts(host);
    const started = system === 'zvm' ? new TinyZvm(facts) : new TinyLinux(facts);
    this.#running.set(host, started);
    return started;
  }

  #endLater(host: GuestHost, end: GuestEnd): void {
    if (this.#ending.has(host)) return;
    const cancel = this.clock.after(this.machines.haltMs(host), () => {
      this.#ending.delete(host);
      if (end === 'rebooted') this.#boot(host);
      else this.machines.ended(host, end);
    });
    this.#ending.set(host, cancel);
  }
}
