import { z } from 'zod';
import type { TargetKey } from '../../common/ids.js';
import type { Checkpoint, OperationContext } from './context.js';
import type { Target } from './target.js';

const CREATED_CHECKPOINT = 'created';
const CreatedSchema = z.object({ key: z.string(), id: z.string(), name: z.string() });

/** Writes down, committed, that an operation has made this instance: from now on it is looked for and never made again. */
export function noteCreated(ctx: OperationContext, { key, id, name }: Target): Promise<void> {
  return ctx.checkpoint(CREATED_CHECKPOINT, { key, id, name });
}

/** The instance that an operation has noted to have made, in this attempt or in an earlier one. */
export function createdOf(checkpoints: readonly Checkpoint[]): Target | undefined {
  const noted = checkpoints.findLast(({ name }) => name === CREATED_CHECKPOINT);
  if (noted === undefined) return undefined;
  const { key, id, name } = CreatedSchema.parse(noted.data);
  return { key: key as TargetKey, id, name };
}
