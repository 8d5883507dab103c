import { randomBytes } from 'node:crypto';
import { parseUri, shellWord, type CommandEnd, type CommandOptions } from 'node-libvirt';
import type { LibvirtAccess } from './libvirt-access.js';
import { programError } from './program-error.js';

/** Runs one command line on the host of the daemon, whatever its status is. */
export type RunCommand = (command: string, options: CommandOptions) => Promise<CommandEnd>;

/** What a run of the program is given; what is left out is as for every call. */
export interface ProgramOptions {
  /** What it reads from its standard input, `/dev/stdin`. */
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The program `virsh` on the host of a daemon, for hosts that allow nothing else. It is run once for several commands of its own, as each
 * start of it takes about 20 ms.
 */
export class VirshProgram {
  readonly #access: Pick<LibvirtAccess, 'uri' | 'requestTimeoutMs'>;
  readonly #run: RunCommand;

  constructor(access: Pick<LibvirtAccess, 'uri' | 'requestTimeoutMs'>, run: RunCommand) {
    this.#access = access;
    this.#run = run;
  }

  /**
   * @param commands of virsh, fixed but for UUIDs: nothing else of a request may stand in them
   * @returns what each has printed
   * @throws ProgramError; what running it throws
   */
  async run(commands: readonly string[], options: ProgramOptions = {}): Promise<string[]> {
    const { input, timeoutMs = this.#access.requestTimeoutMs, signal } = options;
    // What the user's shell says by itself, and what a command prints, does not hold it.
    const mark = randomBytes(12).toString('hex');
    const batch = commands.map((command) => `echo ${mark}; ${command}`).join('; ');
    const program = `env LC_ALL=C virsh -q --connect=${shellWord(localUri(this.#access.uri))} ${shellWord(batch)}`;
    // An ssh server may give a socket as standard input, which nobody can open by a path.
    const command = input === undefined ? program : `cat | ${program}`;
    const { status, output, complaint } = await this.#run(command, { timeoutMs, signal, ...(input && { input }) });
    const failure = programError(status, complaint);
    if (failure !== undefined) throw failure;
    return output.split(mark).slice(1);
  }
}

/** As the daemon is reached on its own machine. Always by its socket: the program has a test driver of its own within. */
function localUri(text: string): string {
  const { driver, path, parameters, driverUri } = parseUri(text);
  const [own = `${driver}://${path}`, query] = driverUri?.split('?') ?? [];
  const [scheme, rest = ''] = own.split('://');
  const socket = parameters.get('socket');
  const mode = parameters.get('mode');
  const all = [
    ...(query === undefined ? [] : [query]),
    ...(socket === undefined ? [] : [`socket=${socket}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ];
  return `${scheme}+unix://${rest}${all.length === 0 ? '' : `?${all.join('&')}`}`;
}
