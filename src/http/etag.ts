import { createHash } from 'node:crypto';

/** The strong ETag of what is sent with it. */
export function etagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}
