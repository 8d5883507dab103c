/** What notifications can be about (hmc-dpm.md section 14). */
export const NOTIFICATION_TYPES = [
  'status-change',
  'property-change',
  'inventory-change',
  'job-completion',
  'os-message',
  'log-entry',
] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];
