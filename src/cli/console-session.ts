import { StringDecoder } from 'node:string_decoder';
import { aborted } from '../common/aborted.js';
import { deferred } from '../common/deferred.js';
import type { ConsoleEnd, Input, OpenConsole } from './cli-parts.js';

/** What leaves a console: Control and ], as in telnet. Everything else goes to the console. */
const ESCAPE = '\u001d';

/** Why a session with a console is over. */
export type SessionEnd =
  /** Who typed has left, or has no more to type. */
  { readonly kind: 'left' } | { readonly kind: 'interrupted' } | ({ readonly kind: 'closed' } & ConsoleEnd);

/**
 * Sends what is typed to a console until one of them has enough; then closes it. A terminal is raw meanwhile, so that every
 * key but the escape reaches the guest, and as it was before afterwards.
 */
export async function attachTo(console: OpenConsole, input: Input, interrupted: AbortSignal): Promise<SessionEnd> {
  const typed = typing(console, input);
  const setRaw = (isRaw: boolean): void => {
    if (input.isTTY === true) input.setRawMode?.(isRaw);
  };
  setRaw(true);
  try {
    return await Promise.race([
      typed.left.then((): SessionEnd => ({ kind: 'left' })),
      aborted(interrupted).then((): SessionEnd => ({ kind: 'interrupted' })),
      console.ended.then((end): SessionEnd => ({ kind: 'closed', ...end })),
    ]);
  } finally {
    setRaw(false);
    typed.stop();
    await console.close();
  }
}

function typing(console: OpenConsole, input: Input): { readonly left: Promise<void>; stop(): void } {
  const decoder = new StringDecoder('utf8');
  const left = deferred<void>();
  const onData = (bytes: Buffer | string): void => {
    const text = typeof bytes === 'string' ? bytes : decoder.write(bytes);
    const end = text.indexOf(ESCAPE);
    const rest = end < 0 ? text : text.slice(0, end);
    if (rest !== '') console.send(rest);
    if (end >= 0) stop();
  };
  const stop = (): void => {
    input.off('data', onData).off('end', stop);
    input.pause();
    left.resolve();
  };
  input.on('data', onData).on('end', stop);
  return { left: left.promise, stop };
}
