import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
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
  readonly #names: ReadonlySet<string>;
  readonly #holders: readonly { readonly digest: Buffer; readonly holder: TokenHolder }[];

  /**
   * @param host address that the server is bound to; on a loopback address every caller of this machine may see everything
   * @param tokens for all others, and for changes; without one nobody else may see, and nobody may change, anything
   * @param names by which callers of this machine ask, beside those of its loopback addresses
   */
  constructor(host: string, tokens: readonly HttpToken[], names: readonly string[] = []) {
    this.#isOpen = isLoopback(host);
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#holders = tokens.map(({ name, token, access }) => ({
      digest: digest(token.reveal()),
      holder: { name, mayAct: access === 'act' },
    }));
  }

  /** May this caller see everything? */
  isGranted(headers: IncomingHttpHeaders, options: AuthorizationOptions = {}): boolean {
    return this.refusal(headers, options) === undefined;
  }

  /** Why this caller may not see everything, and what to do about it; undefined when it may. */
  refusal(headers: IncomingHttpHeaders, options: AuthorizationOptions = {}): string | undefined {
    if (this.holderOf(headers.authorization, options) !== undefined) return undefined;
    if (!this.#isOpen) return SEND_A_TOKEN;
    const stranger = namesAskedBy(headers).find((name) => !isLoopback(name) && !this.#names.has(name));
    if (stranger === undefined) return undefined;
    return `without a token everything is shown to callers of this machine, by a name of it (localhost, 127.0.0.1, one of http.names), and not to ${stranger}; ${SEND_A_TOKEN}`;
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

/** What whoever has no token that is known should do. */
export const SEND_A_TOKEN = 'send a token of http.token or http.tokens as "Authorization: Bearer …"';

/**
 * Every name by which a request comes. A browser of this machine reaches us for any page of the web whose name
 * leads to a loopback address (DNS rebinding), and says by which name; so does a proxy of this machine that writes another
 * into `Host`.
 */
function namesAskedBy({ host, origin, ...headers }: IncomingHttpHeaders): string[] {
  const forwarded = [headers['x-forwarded-host'] ?? []].flat().flatMap((names) => names.split(','));
  const places = [host ?? '', ...forwarded].map((name) => `http://${name.trim()}`);
  return [...places, ...(origin === undefined ? [] : [origin])].map(nameIn);
}

/** The name in an address, as URLs have it; of what is none, a word that is nobody's name. */
function nameIn(address: string): string {
  if (!URL.canParse(address)) return 'somebody else';
  return new URL(address).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
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
