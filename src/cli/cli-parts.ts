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

/** What the command line needs and does not make itself; heavy parts come when they are asked for. */
export interface CliParts {
  readonly version: string;
  readonly environment: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborts when the user, or the system, wants us to end (SIGINT, SIGTERM). */
  readonly interrupted: AbortSignal;
  readonly catalogue: () => Promise<Catalogue>;
  readonly serve: (config: Config) => Promise<{ stop(): Promise<void> }>;
  readonly simulateHmc: (options: SimulatedHmcOptions) => Promise<RunningSimulator>;
}
