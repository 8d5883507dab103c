import { aborted } from '../common/aborted.js';

/** The user ended the command before it had its answer. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The work's outcome, unless the signal aborts before; then {@link Interrupted}. */
export async function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal, message: string): Promise<T> {
  work.catch(() => undefined); // after an interruption nobody waits for it
  return Promise.race([
    work,
    aborted(signal).then(() => {
      throw new Interrupted(message);
    }),
  ]);
}
