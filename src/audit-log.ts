import { FileAudit, logAudit } from './audit/index.js';
import { systemClock } from './common/clock.js';
import type { LeveledLog } from './common/log.js';
import type { AuditLog } from './compute/contract/index.js';
import type { Config } from './config/index.js';
import type { Held } from './held.js';

/**
 * The audit log that the configuration wants: a file, opened anew on SIGHUP, or lines of the service's log, whatever its
 * level.
 *
 * @throws ComputeError CONFIG_INVALID when the file cannot be written
 */
export function openAudit({ audit: { file }, server }: Config, log: LeveledLog, held: Held): AuditLog {
  if (file === null) {
    onHangup(() => undefined, held); // as harmless as with a file: by itself the signal would end the process
    return logAudit(log.at('info'), server);
  }
  const audit = new FileAudit({ file, server, clock: systemClock, log });
  held.add('the audit file', async () => audit.close());
  onHangup(() => audit.reopen(), held);
  return audit;
}

function onHangup(listener: () => void, held: Held): void {
  process.on('SIGHUP', listener);
  held.add('the ear for SIGHUP', async () => {
    process.off('SIGHUP', listener);
  });
}
