import type { MatrixParts } from '../compute/dispatch/feature-answers.js';
import type { Config, Environment } from '../config/index.js';

/** Where the command line writes: data to standard output, everything else to standard error. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What is typed, or comes through a pipe. */
export type Input = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/** Every driver there is, for what needs no service. */
export type Catalogue = MatrixParts;

/** What every simulator is started with. */
export interface SimulatorOptions {
  readonly inventoryFile: string;
  readonly host: string;
  readonly port: number;
  readonly certificateFile?: string;
  /** Of notifications, for a backend that has a port of its own for them. */
  readonly stompPort?: number;
}

export interface RunningSimulator {
  readonly url: string;
  /** Null for one without TLS. */
  readonly fingerprint256: string | null;
  /** Port of notifications, of a backend that has them. */
  readonly stompPort?: number;
  /** Another way to the same machines. */
  readonly peer?: RunningSimulator | null;
  stop(): Promise<void>;
}

/** Where a console is, and why who serves it is trusted: the CAs of the system unless one of the others is given. */
export interface ConsoleOptions {
  readonly url: string;
  readonly caFile?: string;
  readonly fingerprintSha256?: string;
  readonly isUnverified?: boolean;
  readonly timeoutMs?: number;
  /** Called with everything that the console shows. */
  readonly onText: (text: string) => void;
}

/** A console that is open. */
export interface OpenConsole {
  send(text: string): void;
  /** Fulfilled when it is over. */
  readonly ended: Promise<ConsoleEnd>;
  close(): Promise<void>;
}

/** How a console came to its end, and what the other side said of it. */
export interface ConsoleEnd {
  readonly isBroken: boolean;
  readonly reason: string;
}

/** The encrypted secrets of a journal that is open. */
export interface JournalSecrets {
  /** Id of the key that secrets are encrypted with from now on. */
  readonly currentKey: string;
  /** Ids of the other keys at hand. */
  readonly previousKeys: readonly string[];
  /** How many secrets each key encrypts, by its id. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** Encrypts everything with the current key; ends early, to go on another time, when the signal aborts. */
  rotate(options: {
    readonly onProgress: (done: number, total: number) => void;
    readonly signal: AbortSignal;
  }): Promise<{
    readonly rewritten: number;
    readonly unreadable: readonly UnreadableSecret[];
    readonly isComplete: boolean;
  }>;
  close(): Promise<void>;
}

export interface UnreadableSecret {
  readonly place: string;
  readonly operationId: string | null;
  readonly reason: string;
}

/** The upkeep of a configuration's journal: of its file or database, or through the service that has it for itself. */
export interface JournalUpkeep {
  /** `SQLite /var/lib/zenova/journal.db`, or `PostgreSQL db.example:5432/zenova`. */
  readonly place: string;
  /** A running service answers for it. */
  readonly isServed: boolean;
  status(): Promise<JournalStatus>;
  countPrunable(olderThanMs: number): Promise<number>;
  pruneSome(olderThanMs: number): Promise<{ readonly operations: number; readonly isComplete: boolean }>;
  /** What {@link migrate} would do. */
  plan(): Promise<readonly { readonly name: string; readonly statements: readonly string[] }[]>;
  /** Answers the names of the steps that were taken. */
  migrate(onStep: (name: string) => void): Promise<readonly string[]>;
  /** Writes a copy to a new file. */
  backup(
    to: string,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly keyIds: readonly string[]; readonly keyPlace: string }>;
  close(): Promise<void>;
}

export interface JournalStatus {
  readonly schema: {
    readonly applied: readonly string[];
    readonly pending: readonly string[];
    readonly unknown: readonly string[];
  };
  readonly bytes: number;
  /** Null when the schema is not today's. */
  readonly content: {
    readonly operations: Readonly<Record<string, number>>;
    readonly oldestOutcomeAt: number | null;
    readonly workers: readonly {
      readonly id: string;
      readonly server: string;
      readonly hosts: readonly string[];
      readonly joinedAt: number;
      readonly leaseUntil: number;
      readonly isAlive: boolean;
    }[];
  } | null;
}

export interface RestoredJournal {
  readonly place: string;
  /** Where the journal is that was there before. */
  readonly aside: string | null;
  /** Operations that were unfinished in the backup, and have been ended. */
  readonly ended: number;
}

/** What the command line needs and does not make itself; heavy parts come when they are asked for. */
export interface CliParts {
  readonly version: string;
  readonly environment: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  /** Asks the user and answers what was typed; undefined where nobody sits before the program. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Aborts when the user, or the system, wants us to end (SIGINT, SIGTERM). */
  readonly interrupted: AbortSignal;
  readonly catalogue: () => Promise<Catalogue>;
  /** Rejects with the signal's reason when that aborts before it serves. */
  readonly serve: (config: Config, signal: AbortSignal) => Promise<{ stop(): Promise<void> }>;
  readonly journalSecrets: (config: Config) => Promise<JournalSecrets>;
  readonly journalUpkeep: (config: Config) => Promise<JournalUpkeep>;
  readonly restoreJournal: (config: Config, input: string, signal: AbortSignal) => Promise<RestoredJournal>;
  /** @throws ComputeError TLS_UNTRUSTED, BACKEND_UNREACHABLE, BACKEND_REJECTED */
  readonly openConsole: (options: ConsoleOptions) => Promise<OpenConsole>;
  readonly simulateHmc: (options: SimulatorOptions) => Promise<RunningSimulator>;
  readonly simulateWebhook: (options: SimulatorOptions) => Promise<RunningSimulator>;
}
