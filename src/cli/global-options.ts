import { Help, InvalidArgumentError, Option, type Command } from 'commander';
import { parseDuration } from '../common/duration.js';

/** Options that every command has. */
export interface GlobalOptions {
  readonly url?: string;
  readonly group?: string;
  readonly server?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

export const DEFAULT_URL = 'amqp://127.0.0.1:5672';

export function addGlobalOptions(program: Command): void {
  program
    .addOption(new Option('--url <address>', `the broker (default: $ZENOVA_AMQP_URL, else ${DEFAULT_URL})`))
    .addOption(new Option('--group <name>', 'ask the services of this group'))
    .addOption(new Option('--server <name>', 'ask this one service'))
    .addOption(
      new Option(
        '--timeout <duration>',
        'how long to wait for the answer: 500ms, 30s, 5m (default: 60s, and 15m for what changes something)',
      ).argParser(duration),
    )
    .addOption(new Option('--json', 'print data for programs'));
}

export function globalOptionsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}

const CLIENT_OPTIONS: ReadonlySet<string> = new Set(['url', 'group', 'server', 'timeout']);
/** What commands ignore that ask no service, or no particular one. */
const IGNORED: Readonly<Record<string, ReadonlySet<string>>> = {
  serve: CLIENT_OPTIONS,
  simulate: CLIENT_OPTIONS,
  config: CLIENT_OPTIONS,
  secrets: CLIENT_OPTIONS,
  db: CLIENT_OPTIONS,
  dead: new Set(['group', 'server']),
};

/** The global options that mean something to a command, for its help. */
export function visibleGlobalOptions(command: Command): Option[] {
  const options = Object.assign(new Help(), { showGlobalOptions: true }).visibleGlobalOptions(command);
  return options.filter((option) => !ignoredBy(command).has(option.attributeName()));
}

/** The flag of an option that the command would ignore; undefined when there is none. */
export function ignoredOptionOf(command: Command): string | undefined {
  const name = Object.keys(command.optsWithGlobals()).find((given) => ignoredBy(command).has(given));
  return name === undefined ? undefined : `--${name}`;
}

function ignoredBy(command: Command): ReadonlySet<string> {
  let top = command;
  while (top.parent?.parent) top = top.parent;
  return IGNORED[top.name()] ?? new Set();
}

function duration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  throw new InvalidArgumentError('Write a number and a unit: 500ms, 30s, 5m, 1h.');
}
