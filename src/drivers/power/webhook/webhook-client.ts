import { Secret } from '../../../common/secret.js';
import type { CallContext } from '../../../compute/contract/index.js';
import { HttpFailure, type RawHttpAnswer } from '../../../connectors/http/index.js';
import { bare, isWeb, secretValues, shown, withOtherSlash, type WebhookAddress } from './webhook-address.js';
import { WebhookError } from './webhook-error.js';
import type { WebhookPool } from './webhook-pool.js';
import type { WebhookParameters } from './webhook.settings.js';

const MOST_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const LONGEST_QUOTE = 120;

export type Goal = 'on' | 'off';

/** What a request owes to the call that it is a part of. */
type Call = Partial<Pick<CallContext, 'signal' | 'outgoing'>>;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The requests to the webhook of one machine. Each throws WebhookError, or the signal's reason. */
export class WebhookClient {
  readonly #pool: WebhookPool;
  readonly #parameters: WebhookParameters;
  readonly #secrets: readonly string[];

  constructor(pool: WebhookPool, parameters: WebhookParameters) {
    this.#pool = pool;
    this.#parameters = parameters;
    this.#secrets = secretsOf(parameters);
  }

  /** Reads the text by which the state is told. Redirects are followed; a 404 is tried with the other slash. */
  async query(timeoutMs: number, { signal, outgoing }: Pick<CallContext, 'signal' | 'outgoing'>): Promise<string> {
    const address = this.#parameters.power_query_uri;
    const endsAt = performance.now() + timeoutMs;
    const call = { signal, outgoing };
    let end = await this.#follow(address, address.url, endsAt, call);
    const other = end.answer.status === 404 ? withOtherSlash(address.url) : undefined;
    if (other !== undefined) end = await this.#follow(address, other, endsAt, call);
    const { answer, url } = end;
    if (answer.status < 200 || answer.status > 299) throw this.#refused(answer, url, false);
    return this.#textOf(answer, url);
  }

  /**
   * Asks to switch the machine, once. Not bound to a signal: once it is out, its answer is wanted.
   *
   * @param toOtherSlash send it to the address with the slash at its end put there, or taken away
   */
  async command(
    goal: Goal,
    timeoutMs: number,
    { outgoing }: Pick<CallContext, 'outgoing'>,
    toOtherSlash = false,
  ): Promise<void> {
    const address = goal === 'on' ? this.#parameters.power_on_uri : this.#parameters.power_off_uri;
    const url = toOtherSlash ? (withOtherSlash(address.url) ?? address.url) : address.url;
    const answer = await this.#exchange('POST', url, this.#authorization(address), timeoutMs, { outgoing });
    // See Other: it was done, and what came of it stands elsewhere.
    if ((answer.status >= 200 && answer.status <= 299) || answer.status === 303) return;
    throw this.#refused(answer, url, true);
  }

  hasOtherSlash(goal: Goal): boolean {
    return withOtherSlash(this.#parameters[goal === 'on' ? 'power_on_uri' : 'power_off_uri'].url) !== undefined;
  }

  /** What a server said, fit to be shown: one line, bounded, without what we sent it as a secret. */
  quote(text: string): string {
    // First of all: what is left of a secret that was cut, or had a tag in it, could not be told any more.
    const scrubbed = this.#secrets.reduce((current, secret) => current.replaceAll(secret, '[redacted]'), text);
    const plain = scrubbed
      .slice(0, 2000)
      .replace(/<[^<>]*>/g, ' ')
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim();
    return plain.length <= LONGEST_QUOTE ? plain : `${plain.slice(0, LONGEST_QUOTE)}…`;
  }

  /** Follows redirects, and takes credentials no further than the origin that they are for. */
  async #follow(
    address: WebhookAddress,
    from: URL,
    endsAt: number,
    call: Call,
  ): Promise<{ answer: RawHttpAnswer; url: URL }> {
    let url = from;
    let authorization = this.#authorization(address);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#exchange('GET', url, authorization, endsAt - performance.now(), call);
      if (!REDIRECTS.has(answer.status) || answer.location === undefined) return { answer, url };
      const next = this.#redirectOf(answer.location, url);
      if (next === undefined || redirects === MOST_REDIRECTS) throw this.#refused(answer, url, false);
      // What has been elsewhere may lead anywhere.
      if (next.origin !== address.url.origin) authorization = undefined;
      url = next;
    }
  }

  /** Undefined for what is not followed: no web address, or one that would undo the check of certificates. */
  #redirectOf(location: string, url: URL): URL | undefined {
    if (!URL.canParse(location, url.href)) return undefined;
    const next = bare(new URL(location, url));
    const isDowngrade = this.#verify && url.protocol === 'https:' && next.protocol === 'http:';
    return isWeb(next) && !isDowngrade ? next : undefined;
  }

  async #exchange(
    method: 'GET' | 'POST',
    url: URL,
    authorization: Secret | undefined,
    timeoutMs: number,
    call: Call,
  ): Promise<RawHttpAnswer> {
    const headers = authorization === undefined ? {} : { Authorization: authorization.reveal() };
    const path = `${url.pathname}${url.search}`;
    try {
      return await this.#pool.use(url, this.#verify, (client) =>
        client.exchange({ method, path, headers, timeoutMs, ...call }),
      );
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const changes = method === 'POST';
      throw new WebhookError({ kind: 'wire', changes, where: shown(url), text: error.message, failure: error });
    }
  }

  #textOf({ bytes, contentType, status }: RawHttpAnswer, url: URL): string {
    const where = shown(url);
    const unreadable = (text: string): WebhookError =>
      new WebhookError({ kind: 'unreadable', changes: false, where, text, status });
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw unreadable(`the answer of ${bytes.length} bytes is not UTF-8 text`);
    }
    if (text.includes('\0')) throw unreadable(`the answer of ${bytes.length} bytes is no text`);
    const isHtml = /^\s*<(!doctype|html)/i.test(text) || contentType?.toLowerCase().startsWith('text/html') === true;
    if (isHtml && this.#hasDefaultPatterns) throw unreadable(`it sent a web page ("${this.quote(text)}")`);
    return text;
  }

  /** They are made for a line of text; whoever made others may have made them for a page. */
  get #hasDefaultPatterns(): boolean {
    const { power_on_regex: on, power_off_regex: off } = this.#parameters;
    return on.isDefault && off.isDefault;
  }

  #refused(answer: RawHttpAnswer, url: URL, changes: boolean): WebhookError {
    const { status, location, bytes } = answer;
    const next = location !== undefined && REDIRECTS.has(status) && URL.canParse(location, url.href);
    const said = next
      ? `redirects to ${shown(new URL(location, url))}`
      : this.quote(new TextDecoder('utf-8').decode(bytes));
    const text = `it answered ${status}${said === '' ? '' : next ? ` and ${said}` : ` "${said}"`}`;
    return new WebhookError({ kind: 'refused', changes, where: shown(url), text, status });
  }

  get #verify(): boolean {
    return this.#parameters.power_verify_ssl === 'y';
  }

  /** The token, else user and password, else those that the address itself holds. */
  #authorization({ login }: WebhookAddress): Secret | undefined {
    const { power_token: token, power_user: user, power_pass: pass } = this.#parameters;
    if (token !== undefined) return new Secret(`Bearer ${token.reveal()}`);
    if (user !== undefined && pass !== undefined) return basic(user, pass);
    return login === undefined ? undefined : basic(login.user, login.password);
  }
}

function basic(user: string, password: Secret): Secret {
  return new Secret(`Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`);
}

/** What an answer may hold again, and must not be shown; the longest first, since one may be a part of another. */
function secretsOf(parameters: WebhookParameters): string[] {
  const { power_token: token, power_user: user, power_pass: pass } = parameters;
  const addresses = [parameters.power_on_uri, parameters.power_off_uri, parameters.power_query_uri];
  const logins = [...addresses.map(({ login }) => login), pass && { user: user ?? '', password: pass }];
  const secrets = [
    token?.reveal(),
    ...logins.flatMap((login) =>
      login === undefined ? [] : [login.password.reveal(), basic(login.user, login.password).reveal().slice(6)],
    ),
    ...addresses.flatMap(({ url }) => secretValues(url)),
  ].filter((text): text is string => text !== undefined && text.length > 2);
  return secrets.toSorted((one, other) => other.length - one.length);
}
