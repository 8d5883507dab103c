import { types } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import type { Log } from './common/log.js';

/** Nest's own messages, in our log. What Nest says at start about routes and modules is for debugging. */
export class NestLog implements LoggerService {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log.child({ from: 'nest' });
  }

  log(message: unknown): void {
    this.#log.debug(String(message));
  }
  debug(message: unknown): void {
    this.#log.debug(String(message));
  }
  verbose(message: unknown): void {
    this.#log.debug(String(message));
  }
  warn(message: unknown): void {
    this.#log.warn(String(message));
  }
  /** Nest hands over the error itself, or its message and then its stack. */
  error(message: unknown, stack?: unknown): void {
    const isError = types.isNativeError(message);
    this.#log.error(isError ? message.message : String(message), isError ? { err: message } : { stack });
  }
}
