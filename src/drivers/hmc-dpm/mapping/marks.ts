/**
 * What the driver leaves in descriptions of objects at the HMC, the one place where another worker finds it as well, however
 * the first one ended: whose work an object is, and how large a partition was before a resize that is not confirmed.
 */

/** Longest description of an object. */
export const LONGEST_DESCRIPTION = 1024;

const MADE_BY = /\[zenova:([0-9a-f-]{36})\]/i;
const ROOT_GROUP = /\[zenova-root:([^[\]]+)\]/;
const EARLIER_SIZE = /\[zenova-size:([0-9a-f-]{36}):([^[\]]*)\]/i;

type Description = string | null | undefined;

/** The operation that has made an object. */
export function makerOf(description: Description): string | undefined {
  return MADE_BY.exec(description ?? '')?.[1];
}

/** A description, marked with the operation that makes the object, and with the storage group that belongs to it alone. */
export function marked(description: string, operationId: string, rootGroup?: string): string {
  const root = rootGroup === undefined ? [] : [`[zenova-root:${rootGroup}]`];
  return joined(description, ...root, `[zenova:${operationId}]`);
}

/** The name of the storage group that was made for a partition and goes with it. */
export function rootGroupOf(description: Description): string | undefined {
  return ROOT_GROUP.exec(description ?? '')?.[1];
}

/** Without the marks of who has made it: it is nobody's any more. */
export function withoutMaker(description: Description): string {
  return tidy((description ?? '').replace(MADE_BY, '').replace(ROOT_GROUP, ''));
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

/** The mark comes first: that of who has made it stays at the end. */
export function withEarlierSize(description: Description, { operationId, properties }: EarlierSize): string {
  const text = Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const mark = `[zenova-size:${operationId}:${text}]`;
  const plain = withoutEarlierSize(description);
  const at = plain.search(/\[zenova(-root)?:/);
  return at < 0 ? joined(plain, mark) : joined(plain.slice(0, at), mark, plain.slice(at));
}

export function withoutEarlierSize(description: Description): string {
  return tidy((description ?? '').replace(EARLIER_SIZE, ''));
}

function valueOf(text: string): number | boolean | string {
  if (/^\d+$/.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : text;
}

function joined(...parts: readonly string[]): string {
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');
}

function tidy(text: string): string {
  return text.replace(/ {2,}/g, ' ').trim();
}
