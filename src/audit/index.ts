export { FileAudit } from './file-audit.js';
export { logAudit } from './log-audit.js';
