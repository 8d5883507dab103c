import type { Log } from '../common/log.js';
import type { AuditLog } from '../compute/contract/index.js';
import { auditFields } from './audit-line.js';

/** Facts as lines of the service's log, told from the others by `"audit": true`. */
export function logAudit(log: Log, server: string): AuditLog {
  return { write: (fact) => log.info(`audit: ${fact.event}`, { audit: true, ...auditFields(fact, server) }) };
}
