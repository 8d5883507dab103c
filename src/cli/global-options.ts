import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseDuration } from '../common/duration.js';
import type { Environment } from '../config/index.js';

/** Options that every command has. */
export interface GlobalOptions {
  readonly url?: string;
  readonly group?: string;
  readonly server?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

const DEFAULT_URL = 'amqp://127.0.0.1:5672';

export function addGlobalOptions(program: Command): void {
  program
    .addOption(
      new Option('--url <address>', `the broker (default: $ZENOVA_AMQP_URL, else ${DEFAULT_URL})`).argParser(brokerUrl),
    )
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

/** The broker's address: the option, else the variable, else the one of a broker on this machine. */
export function brokerUrlOf({ url }: GlobalOptions, environment: Environment): string {
  const variable = environment['ZENOVA_AMQP_URL'];
  return url ?? (variable === undefined || variable === '' ? DEFAULT_URL : variable);
}

function brokerUrl(text: string): string {
  if (URL.canParse(text) && ['amqp:', 'amqps:'].includes(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('Write amqp://user:password@host:port/vhost or amqps://….');
}

function duration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  throw new InvalidArgumentError('Write a number and a unit: 500ms, 30s, 5m, 1h.');
}
