import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../common/loopback.js';
import type { Secret } from '../common/secret.js';

/** Who may see more than whether the service is there (DESIGN 4.2). */
export class Access {
  readonly #isOpen: boolean;
  readonly #digest: Buffer | undefined;

  /**
   * @param host address that the server is bound to; on a loopback address every caller is trusted
   * @param token bearer token for all others; without it nobody else is
   */
  constructor(host: string, token: Secret | null) {
    this.#isOpen = isLoopback(host);
    this.#digest = token === null ? undefined : digest(token.reveal());
  }

  /** @param authorization the header of that name */
  isGranted(authorization: string | undefined): boolean {
    if (this.#isOpen) return true;
    const presented = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests have one length, so that comparing them tells nothing of the token's.
    return presented !== undefined && this.#digest !== undefined && timingSafeEqual(digest(presented), this.#digest);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
