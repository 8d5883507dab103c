import { Readable, Writable } from 'node:stream';
import type { CliParts } from '../../src/cli/index.js';
import { runCli } from '../../src/cli/index.js';
import { POWER_TYPES, VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';

/** Everything written to a stream. */
class Capture extends Writable {
  text = '';

  constructor(
    readonly isTTY: boolean,
    private readonly onText: () => void,
  ) {
    super();
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    this.onText();
    done();
  }
}

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions extends Partial<Omit<CliParts, 'stdout' | 'stderr'>> {
  /** Standard error is a terminal. */
  readonly isTerminal?: boolean;
  /** Sees standard output and error as they grow. */
  readonly onWrite?: (stdout: string, stderr: string) => void;
}

/** What it said without the progress that a busy machine has to show. */
export function withoutProgress(run: CliRun): CliRun {
  return { ...run, stderr: run.stderr.replace(/^(waiting for .*|\d+ of \d+ machines|\d+ dead letters read)\n/gm, '') };
}

/** Runs the command line in this process, with the drivers that there are. */
export async function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { isTerminal = false, onWrite, ...parts } = options;
  const tell = (): void => onWrite?.(stdout.text, stderr.text);
  const stdout: Capture = new Capture(false, tell);
  const stderr: Capture = new Capture(isTerminal, tell);
  const code = await runCli(argv, {
    version: '1.2.3',
    environment: {},
    stdin: Readable.from([]),
    ask: undefined,
    interrupted: new AbortController().signal,
    catalogue: () =>
      Promise.resolve({ version: '1.2.3', drivers: VIRT_DRIVERS, powerTypes: POWER_TYPES, evidence: new Map() }),
    serve: () => Promise.reject(new Error('nothing is served here')),
    journalSecrets: () => Promise.reject(new Error('there is no journal here')),
    journalUpkeep: () => Promise.reject(new Error('there is no journal here')),
    restoreJournal: () => Promise.reject(new Error('there is no journal here')),
    openConsole: () => Promise.reject(new Error('there is no console here')),
    simulateHmc: () => Promise.reject(new Error('nothing is simulated here')),
    simulateWebhook: () => Promise.reject(new Error('nothing is simulated here')),
    ...parts,
    stdout,
    stderr,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
