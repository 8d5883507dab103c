import { AsyncLocalStorage } from 'node:async_hooks';
import { pino, type DestinationStream, type Logger } from 'pino';
import { redact, redactText } from './secret.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Does a log of this level write lines of that one? */
export function isWritten(line: LogLevel, level: LogLevel): boolean {
  return LOG_LEVELS.indexOf(line) >= LOG_LEVELS.indexOf(level);
}

/** Data of one log line; secret fields are removed on the way out. */
export type LogFields = Record<string, unknown>;

/** The log as a port: one line of JSON an event, with whatever correlation the current request carries. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry these fields. */
  child(fields: LogFields): Log;
}

const correlation = new AsyncLocalStorage<LogFields>();

/** Runs `work` so that every line logged below it carries `fields` (correlation id, operation id). */
export function withCorrelation<T>(fields: LogFields, work: () => T): T {
  return correlation.run({ ...correlation.getStore(), ...fields }, work);
}

/** A log on pino, to standard error unless a destination is given: standard output belongs to the command line. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
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
      // A copy: pino writes the line's own fields into what it gets here.
      mixin: () => ({ ...correlation.getStore() }),
    },
    destination ?? pino.destination({ fd: 2, sync: false }),
  );
  return wrap(root);
}

/** A log that says nothing, for tests and tools. */
export const silentLog: Log = createLog('fatal');

function wrap(target: Logger): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void => {
      target[level](prepare(fields), redactText(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(target.child(redact(fields) as LogFields)),
  };
}

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
