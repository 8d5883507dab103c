import type { JsonValue } from '../../src/common/errors/index.js';
import { RecordingContext } from './operation-context.js';

/** The process dies here: nothing of it goes on but what it left. */
export class Died extends Error {}

/** Lets a process die when it has left so many checkpoints of a name. */
export function dyingAt(
  ctx: RecordingContext,
  name: string,
  count = 1,
  when: 'before' | 'after' = 'after',
): RecordingContext {
  let left = 0;
  return dyingWhen(ctx, (checkpoint) => checkpoint === name && ++left === count, when);
}

/** Lets a process die at a checkpoint. @param isIt asked once for each checkpoint, in order */
export function dyingWhen(
  ctx: RecordingContext,
  isIt: (checkpoint: string) => boolean,
  when: 'before' | 'after',
): RecordingContext {
  const leave = ctx.checkpoint.bind(ctx);
  ctx.checkpoint = async (checkpoint, data) => {
    const dies = isIt(checkpoint);
    if (dies && when === 'before') throw new Died();
    await leave(checkpoint, data);
    if (dies) throw new Died();
  };
  return ctx;
}

/** A process that dies at the checkpoint of this number, and does nothing more whatever it catches. */
export class DoomedContext extends RecordingContext {
  #left = 0;
  #hasDied = false;

  constructor(
    { clock }: RecordingContext,
    private readonly at: { readonly checkpoint: number; readonly when: 'before' | 'after' },
  ) {
    super(clock);
  }

  get hasDied(): boolean {
    return this.#hasDied;
  }

  override async checkpoint(name: string, data: JsonValue): Promise<void> {
    if (this.#hasDied) throw new Died();
    this.#left += 1;
    const dies = this.#left === this.at.checkpoint;
    this.#hasDied = dies;
    if (dies && this.at.when === 'before') throw new Died();
    await super.checkpoint(name, data);
    if (dies) throw new Died();
  }
}
