import type { OperationId } from '../../../common/ids.js';

/**
 * What stands at the end of the description of whatever an operation makes. By it an attempt whose answer was lost finds what it
 * has made, and people see whose it is.
 */
export function markOf(operationId: OperationId): string {
  return `[zenova:${operationId}]`;
}

/** A description with the mark. */
export function marked(operationId: OperationId, description = ''): string {
  return `${description} ${markOf(operationId)}`.trimStart();
}

/** Did this operation make what is so described? */
export function isMarked(operationId: OperationId, description: string | null | undefined): boolean {
  return description?.endsWith(markOf(operationId)) ?? false;
}
