import { createHash } from 'node:crypto';

/** By which a text is known again that is not kept. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
