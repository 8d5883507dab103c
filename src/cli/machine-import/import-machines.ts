import pLimit from 'p-limit';
import { uuidv7 } from 'uuidv7';
import { clientFailureOf, type ZenovaClient } from '../../client/index.js';
import { toComputeError, type ComputeError } from '../../common/errors/index.js';
import type { MachineStatus, MachineView, PowerParameters } from '../../compute/contract/index.js';
import type { MachineEntry } from './machine-entry.js';

export interface ImportOptions {
  /** Say what would be done, and do nothing. */
  readonly isDryRun: boolean;
  readonly skipsCheck: boolean;
  /** Change machines that are registered with another definition. */
  readonly updates: boolean;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** What became of one machine of a file, or with a dry run would. */
export interface ImportedMachine {
  readonly machine: string;
  readonly outcome: 'registered' | 'updated' | 'unchanged' | 'failed';
  /** Null when nothing was registered. */
  readonly status: MachineStatus | null;
  /** Why it failed, or why its controller was not reached. */
  readonly reason: string | null;
}

export interface ImportResult {
  readonly machines: readonly ImportedMachine[];
  /** Why the rest was not asked for: no broker, no service. */
  readonly brokenOff: ComputeError | undefined;
}

type Calls = Pick<ZenovaClient, 'call'>;
type Definition = Extract<MachineEntry['definition'], { readonly powerType: string }>;

/** Registers machines, a few at a time. The same import again only does what is not done yet. */
export async function importMachines(
  client: Calls,
  entries: readonly MachineEntry[],
  options: ImportOptions,
): Promise<ImportResult> {
  const limit = pLimit(options.concurrency);
  const machines: ImportedMachine[] = [];
  let brokenOff: ComputeError | undefined;
  const importOne = async ({ name, definition }: MachineEntry): Promise<void> => {
    if (brokenOff !== undefined || options.signal.aborted) return;
    try {
      machines.push(
        'problem' in definition
          ? failed(name, definition.problem)
          : { machine: name, ...(await registered(client, name, definition, options)) },
      );
    } catch (thrown) {
      const error = toComputeError(thrown);
      if (clientFailureOf(error) !== undefined) brokenOff ??= error;
      else machines.push(failed(name, `${error.code}: ${error.message}`));
    }
    options.onProgress(machines.length, entries.length);
  };
  await Promise.all(entries.map((entry) => limit(() => importOne(entry))));
  const order = new Map(entries.map(({ name }, i) => [name, i]));
  machines.sort((one, other) => (order.get(one.machine) ?? 0) - (order.get(other.machine) ?? 0));
  return { machines, brokenOff };
}

async function registered(
  client: Calls,
  name: string,
  { powerType, parameters }: Definition,
  options: ImportOptions,
): Promise<Omit<ImportedMachine, 'machine'>> {
  const { timeoutMs } = options;
  const request = { machine: name, power_type: powerType, power_parameters: parameters, ...common(options) };
  try {
    const answer = await client.call('machine.register', request, { timeoutMs });
    return outcomeOf('registered', answer);
  } catch (error) {
    if (!options.updates || toComputeError(error).code !== 'ALREADY_EXISTS') throw error;
  }
  const known = await client.call('machine.get', { machine: name }, { timeoutMs });
  const more = { remove_parameters: surplusOf(known, powerType, parameters), if_revision: known.revision };
  return outcomeOf(
    'updated',
    await client.call('machine.update', { ...request, ...common(options), ...more }, { timeoutMs }),
  );
}

function common({ skipsCheck, isDryRun }: ImportOptions) {
  return {
    idempotency_key: uuidv7(),
    ...(skipsCheck ? { skip_check: true } : {}),
    ...(isDryRun ? { plan: true } : {}),
  };
}

/** The parameters that are set and not in the file: those of another power type go by themselves. */
function surplusOf(known: MachineView, powerType: string, parameters: PowerParameters): string[] {
  if (known.power_type !== powerType) return [];
  const set = [...Object.keys(known.power_parameters), ...known.secret_parameters];
  return set.filter((name) => !Object.hasOwn(parameters, name));
}

function outcomeOf(
  change: 'registered' | 'updated',
  answer: {
    readonly outcome: string;
    readonly steps?: readonly unknown[] | undefined;
    readonly machine?: MachineView | undefined;
  },
): Omit<ImportedMachine, 'machine'> {
  const { outcome, steps, machine } = answer;
  const isUnchanged = outcome === 'already' || steps?.length === 0;
  const { status = null, error = null } = machine ?? {};
  return {
    outcome: isUnchanged ? 'unchanged' : change,
    status,
    reason: error === null ? null : `${error.code}: ${error.message}`,
  };
}

function failed(machine: string, reason: string): ImportedMachine {
  return { machine, outcome: 'failed', status: null, reason };
}
