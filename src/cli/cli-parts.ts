import type { AnyPowerType, AnyVirtDriver } from '../compute/contract/index.js';
import type { Config, Environment } from '../config/index.js';

/** Where the command line writes: data to standard output, everything else to standard error. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Every driver there is, for what needs no service. */
export interface Catalogue {
  readonly drivers: readonly AnyVirtDriver[];
  readonly powerTypes: readonly AnyPowerType[];
}

export interface SimulatedHmcOptions {
  readonly inventoryFile: string;
  readonly host: string;
  readonly port: number;
  readonly certificateFile?: string;
}

export interface RunningSimulator {
  readonly url: string;
  readonly fingerprint256: string;
  stop(): Promise<void>;
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

/** What the command line needs and does not make itself; heavy parts come when they are asked for. */
export interface CliParts {
  readonly version: string;
  readonly environment: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Asks the user and answers what was typed; undefined where nobody sits before the program. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Aborts when the user, or the system, wants us to end (SIGINT, SIGTERM). */
  readonly interrupted: AbortSignal;
  readonly catalogue: () => Promise<Catalogue>;
  readonly serve: (config: Config) => Promise<{ stop(): Promise<void> }>;
  readonly journalSecrets: (config: Config) => Promise<JournalSecrets>;
  readonly simulateHmc: (options: SimulatedHmcOptions) => Promise<RunningSimulator>;
}
