import { CommanderError } from 'commander';
import { clientFailureOf } from '../client/index.js';
import { toComputeError, type ComputeError } from '../common/errors/index.js';
import { redactText } from '../common/secret.js';
import type { CliParts } from './cli-parts.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { Interrupted } from './interrupted.js';
import { NotOk } from './not-ok.js';
import { terminalText } from './terminal-text.js';

/** Tells what went wrong, on standard error; programs (`--json`) get the WireError on standard output. */
export function reportError(error: unknown, parts: Pick<CliParts, 'stdout' | 'stderr'>, isJson: boolean): ExitCode {
  // Commander has written its message already; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof NotOk) return error.exitCode;
  if (error instanceof Interrupted) {
    parts.stderr.write(`${terminalText(error.message)}\n`);
    return EXIT.interrupted;
  }
  const failure = toComputeError(error);
  parts.stderr.write(`${terminalText(redactText(errorText(failure, error)))}\n`);
  if (isJson) parts.stdout.write(`${JSON.stringify(failure.toWire())}\n`);
  return exitCodeOf(failure);
}

export function exitCodeOf(error: ComputeError): ExitCode {
  if (clientFailureOf(error) !== undefined) return EXIT.unreachable;
  return error.code === 'CONFIG_INVALID' ? EXIT.usage : EXIT.failed;
}

/** One line: code, message, remedy. A configuration's mistakes get a line each. */
function errorText(error: ComputeError, thrown: unknown): string {
  const { origin, mistakes } = error.details;
  if (error.code === 'CONFIG_INVALID' && typeof origin === 'string' && Array.isArray(mistakes) && mistakes.length > 0) {
    const lines = mistakes.map((mistake) => `  ${mistakeLine(mistake)}`);
    return `CONFIG_INVALID: ${origin} is not valid:\n${lines.join('\n')}`;
  }
  const remedy = remedyOf(error);
  const defect = error === thrown || !(thrown instanceof Error) ? '' : ` [${thrown.message}]`;
  return `${error.code}: ${error.message}${defect}${remedy === undefined ? '' : ` (${remedy})`}`;
}

function mistakeLine(mistake: unknown): string {
  const { at, path, message } = mistake as Record<string, unknown>;
  return [at, path, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
}

/** What to do about it, where the message does not say. */
function remedyOf(error: ComputeError): string | undefined {
  if (clientFailureOf(error) !== undefined) {
    const { idempotency_key: key } = error.details;
    return typeof key === 'string' ? `see: zenova operation get --idempotency-key ${key}` : undefined;
  }
  const operation = error.operationId === undefined ? '' : `; see: zenova operation get ${error.operationId}`;
  switch (error.retry) {
    case 'safe':
      return `the same request may be sent again${operation}`;
    case 'after-reconcile':
      return `look at the true state before trying again${operation}`;
    case 'never':
      return operation === '' ? undefined : operation.slice(2);
  }
}
