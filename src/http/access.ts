import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../common/loopback.js';
import type { Secret } from '../common/secret.js';
import { ANONYMOUS, httpCaller } from '../compute/contract/index.js';

/** A token of the configuration, and what whoever has it may. */
export interface HttpToken {
  readonly name: string;
  readonly token: Secret;
  /** `act` includes `read`. */
  readonly access: 'read' | 'act';
}

/** Whoever presents a token. */
export interface TokenHolder {
  /** The token's. */
  readonly name: string;
  readonly mayAct: boolean;
}

export interface AuthorizationOptions {
  /** Take `Basic` too, with any user and the token for a password. */
  readonly basic?: boolean;
}

/** Who may see more than whether the service is there, and who may change something (DESIGN 4.2). */
export class Access {
  readonly #isOpen: boolean;
  readonly #holders: readonly { readonly digest: Buffer; readonly holder: TokenHolder }[];

  /**
   * @param host address that the server is bound to; on a loopback address every caller may see everything
   * @param tokens for all others, and for changes; without one nobody else may see, and nobody may change, anything
   */
  constructor(host: string, tokens: readonly HttpToken[]) {
    this.#isOpen = isLoopback(host);
    this.#holders = tokens.map(({ name, token, access }) => ({
      digest: digest(token.reveal()),
      holder: { name, mayAct: access === 'act' },
    }));
  }

  /**
   * May this caller see everything?
   *
   * @param authorization the header of that name
   */
  isGranted(authorization: string | undefined, options: AuthorizationOptions = {}): boolean {
    return this.#isOpen || this.holderOf(authorization, options) !== undefined;
  }

  /** Who asks, as `requested_by` has it: the token that the header holds; without one, nobody. */
  callerOf(authorization: string | undefined, options: AuthorizationOptions = {}): string {
    const holder = this.holderOf(authorization, options);
    return holder === undefined ? ANONYMOUS : httpCaller(holder.name);
  }

  /** Whose token the header holds; undefined when it holds none that there is. */
  holderOf(authorization: string | undefined, { basic = false }: AuthorizationOptions = {}): TokenHolder | undefined {
    const presented = bearer(authorization) ?? (basic ? basicPassword(authorization) : undefined);
    if (presented === undefined) return undefined;
    const given = digest(presented);
    // All of them, always: how long it takes tells nothing. Digests have one length, so that neither does a token's.
    return this.#holders.reduce<TokenHolder | undefined>(
      (found, known) => (timingSafeEqual(given, known.digest) ? known.holder : found),
      undefined,
    );
  }
}

function bearer(authorization = ''): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

function basicPassword(authorization = ''): string | undefined {
  const blob = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
  if (blob === undefined) return undefined;
  const [, ...rest] = Buffer.from(blob, 'base64').toString().split(':');
  return rest.length === 0 ? undefined : rest.join(':');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
