import { uuidv7 } from 'uuidv7';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Names an operation for ever. UUID version 7, so that ids sort by time. */
export type OperationId = Branded<'OperationId'>;

/** What an operation acts on: `<driver>:<endpoint identity>:<backend object id>` (DESIGN 2). */
export type TargetKey = Branded<'TargetKey'>;

/** Names one life of a worker: one start of a process, or what follows a lost lease. */
export type WorkerId = Branded<'WorkerId'>;

export function newWorkerId(): WorkerId {
  return uuidv7() as WorkerId;
}

export function newOperationId(): OperationId {
  return uuidv7() as OperationId;
}

/** Parts may hold any character; `%` and `:` are escaped in the first two, so that keys never collide. */
export function targetKey(driver: string, endpoint: string, objectId: string): TargetKey {
  const escape = (part: string): string => part.replace(/[%:]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `${escape(driver)}:${escape(endpoint)}:${objectId}` as TargetKey;
}
