import { pino, type DestinationStream, type Logger } from 'pino';
import { redact, redactText } from './secret.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Data of one log line; secret fields are removed on the way out. */
export type LogFields = Record<string, unknown>;

/**
 * The log as a port: one line of JSON an event. Whose request it is, a line tells by the child that it is written to, which is
 * handed down (`ctx.log`): async context would cost every promise of the service on Node 20.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry these fields. */
  child(fields: LogFields): Log;
}

/** A log, and the level that it and all its children have. */
export interface LeveledLog extends Log {
  level: LogLevel;
  /** A log of the same lines that keeps this level, whatever becomes of this one's. */
  at(level: LogLevel): Log;
}

/** Sets the level, and says so whatever is written before and after: a log tells why it became silent or loud. */
export function changeLevel(log: LeveledLog, level: LogLevel, requestedBy: string): void {
  const fields = { before: log.level, requested_by: requestedBy };
  log.at('warn').warn(`the log is written from level ${level} on`, fields);
  log.level = level;
}

/** A log on pino, to standard error unless a destination is given: standard output belongs to the command line. */
export function createLog(level: LogLevel, destination?: DestinationStream): LeveledLog {
  const root: Logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      serializers: { err: describeError },
    },
    destination ?? pino.destination({ fd: 2, sync: false }),
  );
  return new PinoLog(root, {});
}

/** Children are cheap, since there is one for every request: nothing is done for a line before it is known to be written. */
class PinoLog implements LeveledLog {
  constructor(
    private readonly target: Logger,
    private readonly common: LogFields,
  ) {}

  get level(): LogLevel {
    return this.target.level as LogLevel;
  }
  /** Children write to the same target, so it is theirs too. */
  set level(level: LogLevel) {
    this.target.level = level;
  }

  at(level: LogLevel): Log {
    // Set, and not given with the child: pino leaves a child that begins with its parent's level to follow that.
    const target = this.target.child({});
    target.level = level;
    return new PinoLog(target, this.common);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.target, { ...this.common, ...fields });
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: LogFields): void {
    if (!this.target.isLevelEnabled(level)) return;
    this.target[level](prepare({ ...this.common, ...fields }), redactText(message));
  }
}

/** A log that says nothing, for tests and tools. */
export const silentLog: LeveledLog = createLog('fatal', { write: () => undefined });

function prepare(fields: LogFields): LogFields {
  return 'err' in fields ? { ...fields, err: describeError(fields.err) } : fields;
}

/** Type, code, message and stack of an error and its causes; nothing else of it, since libraries hang requests on errors. */
function describeError(error: unknown, depth = 0): unknown {
  if (typeof error !== 'object' || error === null || depth > 4) return error;
  const { name, code, message, stack, cause } = error as Record<string, unknown>;
  return {
    name,
    ...(code === undefined ? {} : { code }),
    message,
    stack,
    ...(cause === undefined ? {} : { cause: describeError(cause, depth + 1) }),
  };
}
