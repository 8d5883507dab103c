import type { OperationId } from '../../../common/ids.js';

/**
 * What stands in descriptions of objects at the HMC: the one place where another worker finds it as well, however the first
 * one ended.
 */

/** Longest description of an object. */
export const LONGEST_DESCRIPTION = 1024;

const ROOT_GROUP = /\[zenova-group:([^[\]]+)\]/;
const EARLIER_SIZE = /\[zenova-size:([0-9a-f-]{36}):([^[\]]*)\]/i;
const MADE_BY = /\[zenova:[0-9a-f-]{36}\]/gi;

type Description = string | null | undefined;

/**
 * What stands at the end of the description of whatever an operation makes. By it an attempt whose answer was lost finds what it
 * has made, and people see whose it is.
 */
function markOf(operationId: OperationId): string {
  return `[zenova:${operationId}]`;
}

/** A description with the mark. */
export function marked(operationId: OperationId, description = ''): string {
  return `${description} ${markOf(operationId)}`.trimStart();
}

/** Did this operation make what is so described? */
export function isMarked(operationId: OperationId, description: Description): boolean {
  return description?.endsWith(markOf(operationId)) ?? false;
}

/** On a partition: the storage group that is made for it and goes with it. */
export function rootGroupMark(group: string): string {
  return `[zenova-group:${group}]`;
}

export function rootGroupOf(description: Description): string | undefined {
  return ROOT_GROUP.exec(description ?? '')?.[1];
}

/** On a storage group: the partition that it goes with. */
export function rootOfMark(partitionId: string): string {
  return `[zenova-of:${partitionId}]`;
}

/** Was this made by us? */
export function isMade(description: Description): boolean {
  return (description ?? '').search(MADE_BY) >= 0;
}

/** Without the marks of who has made it, and of what goes with it: it is nobody's any more. */
export function withoutMaker(description: Description): string {
  return tidy((description ?? '').replaceAll(MADE_BY, '').replace(ROOT_GROUP, ''));
}

/** What a partition was before a resize: the properties that it changed, as they were. */
export interface EarlierSize {
  readonly operationId: string;
  readonly properties: Readonly<Record<string, number | boolean | string>>;
}

/** The size before a resize that is neither confirmed nor reverted. */
export function earlierSizeOf(description: Description): EarlierSize | undefined {
  const [, operationId, text] = EARLIER_SIZE.exec(description ?? '') ?? [];
  if (operationId === undefined || text === undefined) return undefined;
  const properties = text.split(',').flatMap((pair): [string, number | boolean | string][] => {
    const [, name, value] = /^([a-z-]+)=([a-z0-9-]+)$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name, valueOf(value)]];
  });
  return { operationId, properties: Object.fromEntries(properties) };
}

/** The mark comes before that of who has made the partition, which stays at the end. */
export function withEarlierSize(description: Description, { operationId, properties }: EarlierSize): string {
  const text = Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const plain = withoutEarlierSize(description);
  const made = plain.search(MADE_BY);
  const at = made < 0 ? plain.length : made;
  return tidy(`${plain.slice(0, at)} [zenova-size:${operationId}:${text}] ${plain.slice(at)}`);
}

export function withoutEarlierSize(description: Description): string {
  return tidy((description ?? '').replace(EARLIER_SIZE, ''));
}

function valueOf(text: string): number | boolean | string {
  if (/^\d+$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function tidy(text: string): string {
  return text.replaceAll(/ {2,}/g, ' ').trim();
}
