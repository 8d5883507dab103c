import type { RecordingContext } from '../../support/operation-context.js';

/** The process dies here: nothing of it goes on but what it left. */
export class Died extends Error {}

/** Lets a process die when it has left so many checkpoints of a name. */
export function dyingAt(
  ctx: RecordingContext,
  name: string,
  count = 1,
  when: 'before' | 'after' = 'after',
): RecordingContext {
  const leave = ctx.checkpoint.bind(ctx);
  let left = 0;
  ctx.checkpoint = async (checkpoint, data) => {
    const isIt = checkpoint === name && ++left === count;
    if (isIt && when === 'before') throw new Died();
    await leave(checkpoint, data);
    if (isIt) throw new Died();
  };
  return ctx;
}
