import { closeSync, openSync, writeSync } from 'node:fs';
import type { Clock } from '../common/clock.js';
import { ComputeError, messageOf } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { AuditFact, AuditLog } from '../compute/contract/index.js';
import { auditFields, auditLine } from './audit-line.js';

export interface FileAuditOptions {
  readonly file: string;
  readonly server: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Facts appended to a file, a line each. A line is with the system before the next thing happens: whoever dies takes none
 * with him. What the file does not take goes to the log.
 */
export class FileAudit implements AuditLog {
  readonly #options: FileAuditOptions;
  #fd: number | undefined;
  /** The last line may have been written in part. */
  #isTorn = false;

  /** @throws ComputeError CONFIG_INVALID when the file cannot be written */
  constructor(options: FileAuditOptions) {
    this.#options = options;
    try {
      this.#fd = open(options.file);
    } catch (error) {
      throw new ComputeError(
        'CONFIG_INVALID',
        `audit.file: ${options.file} cannot be written: ${messageOf(error)}; make its directory, and let this user write there`,
        { cause: error },
      );
    }
  }

  write(fact: AuditFact): void {
    const { file, server, clock, log } = this.#options;
    try {
      if (this.#fd === undefined) throw new Error('it is closed');
      const line = auditLine(fact, server, clock.now());
      append(this.#fd, this.#isTorn ? `\n${line}` : line);
      this.#isTorn = false;
    } catch (error) {
      this.#isTorn = true;
      log.error('the audit file takes no lines; this one stands here', {
        file,
        err: error,
        audit: true,
        ...auditFields(fact, server),
      });
    }
  }

  /** Goes on in a new file of the same name, after the old one was moved away. */
  reopen(): void {
    const { file, log } = this.#options;
    try {
      const next = open(file);
      this.close();
      this.#fd = next;
      this.#isTorn = false;
      log.info('the audit file was opened anew', { file });
    } catch (error) {
      log.error('the audit file could not be opened anew; the one before is written on', { file, err: error });
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function open(file: string): number {
  return openSync(file, 'a', 0o640);
}

function append(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
