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
  error(message: unknown): void {
    this.#log.error(String(message));
  }
}
