import { z } from 'zod';
import type { StompMessage } from '../../../connectors/stomp/index.js';
import { uriOf } from '../client/hmc-uri.js';

/** What a notification means for what is known of partitions and jobs (hmc-dpm.md section 14). */
export type Notification =
  | { readonly kind: 'properties'; readonly uri: string; readonly changes: readonly PropertyChange[] }
  | { readonly kind: 'removed'; readonly uri: string }
  | { readonly kind: 'job'; readonly uri: string }
  /** Something changed that it does not tell: list anew. */
  | { readonly kind: 'unclear' }
  /** About something else. */
  | { readonly kind: 'other' };

export interface PropertyChange {
  readonly name: string;
  readonly value: unknown;
}

const MOST_CHANGES = 1000;
const HeadersSchema = z.object({
  'notification-type': z.string(),
  class: z.string().optional(),
  'object-uri': uriOf('partitions').optional(),
  'element-uri': z.string().optional(),
  'job-uri': uriOf('jobs').optional(),
  action: z.string().optional(),
});
type Headers = z.infer<typeof HeadersSchema>;

const reports = <S extends z.ZodType>(report: S) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.issues.push({ code: 'custom', message: 'is not JSON', input: text });
        return z.NEVER;
      }
    })
    .pipe(z.object({ 'change-reports': z.array(report).min(1).max(MOST_CHANGES) }));
const StatusReportsSchema = reports(z.object({ 'new-status': z.string().min(1).max(255) }));
const PropertyReportsSchema = reports(z.object({ 'property-name': z.string(), 'new-value': z.unknown() }));

/** Changes of a CPC that change what is said of its partitions. */
const WEIGHTY_CPC_PROPERTIES: ReadonlySet<string> = new Set(['name', 'dpm-enabled']);

/** Reads a notification. What is said of a partition in a way that cannot be read is unclear, and no reason to fail. */
export function readNotification({ headers, body }: StompMessage): Notification {
  const isAboutPartition = headers['class'] === 'partition' && headers['element-uri'] === undefined;
  const checked = HeadersSchema.safeParse(isAboutPartition ? headers : { ...headers, 'object-uri': undefined });
  if (!checked.success) return isAboutPartition || 'job-uri' in headers ? { kind: 'unclear' } : { kind: 'other' };
  if (checked.data['notification-type'] === 'job-completion') return ofJob(checked.data);
  if (isAboutPartition) return ofPartition(checked.data, body);
  return headers['class'] === 'cpc' ? ofCpc(checked.data, body) : { kind: 'other' };
}

function ofJob({ 'job-uri': jobUri }: Headers): Notification {
  return jobUri === undefined ? { kind: 'other' } : { kind: 'job', uri: jobUri };
}

function ofPartition(headers: Headers, body: string): Notification {
  const { 'notification-type': type, 'object-uri': objectUri, action } = headers;
  if (objectUri === undefined) return { kind: 'unclear' };
  switch (type) {
    case 'status-change': {
      const status = StatusReportsSchema.safeParse(body).data?.['change-reports'].at(-1)?.['new-status'];
      if (status === undefined) return { kind: 'unclear' };
      return { kind: 'properties', uri: objectUri, changes: [{ name: 'status', value: status }] };
    }
    case 'property-change': {
      const changes = propertyChanges(body);
      return changes === undefined ? { kind: 'unclear' } : { kind: 'properties', uri: objectUri, changes };
    }
    case 'inventory-change':
      return action === 'remove' ? { kind: 'removed', uri: objectUri } : { kind: 'unclear' };
    default:
      return { kind: 'other' };
  }
}

function ofCpc({ 'notification-type': type }: Headers, body: string): Notification {
  if (type === 'inventory-change') return { kind: 'unclear' };
  if (type !== 'property-change') return { kind: 'other' };
  const changes = propertyChanges(body);
  const isWeighty = changes === undefined || changes.some(({ name }) => WEIGHTY_CPC_PROPERTIES.has(name));
  return { kind: isWeighty ? 'unclear' : 'other' };
}

function propertyChanges(body: string): PropertyChange[] | undefined {
  return PropertyReportsSchema.safeParse(body).data?.['change-reports'].map((report) => ({
    name: report['property-name'],
    value: report['new-value'],
  }));
}
