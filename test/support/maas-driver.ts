import type { Clock } from '../../src/common/clock.js';

export interface MaasParameters {
  readonly power_on_uri: string;
  readonly power_off_uri: string;
  readonly power_query_uri: string;
  readonly power_on_regex?: string;
  readonly power_off_regex?: string;
  readonly power_user?: string;
  readonly power_pass?: string;
  readonly power_token?: string;
}

/** Seconds between the rounds of a change (power-drivers.md 0.3). */
const WAITS_S = [1, 2, 2, 4, 6, 8, 12];

/**
 * Does what MAAS's webhook driver does (power-drivers.md 0.3 and 24), with its faults: a command is sent again in every round,
 * and the answer of a 404 counts as one.
 */
export class MaasDriver {
  /** Every request, in order: `POST on 200`. */
  readonly log: string[] = [];

  constructor(
    private readonly parameters: MaasParameters,
    private readonly clock: Clock,
    private readonly systemId = 'abc123',
  ) {}

  async on(): Promise<void> {
    await this.#change('on');
  }

  async off(): Promise<void> {
    await this.#change('off');
  }

  async cycle(): Promise<void> {
    if ((await this.query()) === 'on') await this.#change('off');
    await this.#change('on');
  }

  async query(): Promise<'on' | 'off' | 'unknown'> {
    const { power_query_uri, power_on_regex, power_off_regex } = this.parameters;
    const body = await this.#request('GET', 'query', power_query_uri);
    if (new RegExp(power_on_regex ?? 'status.*\\:.*running').test(body)) return 'on';
    return new RegExp(power_off_regex ?? 'status.*\\:.*stopped').test(body) ? 'off' : 'unknown';
  }

  async #change(desired: 'on' | 'off'): Promise<void> {
    let failure: unknown = new Error(`BMC never transitioned to ${desired}`);
    for (const wait of WAITS_S) {
      try {
        await this.#request('POST', desired, this.parameters[`power_${desired}_uri`]);
        await this.clock.sleep(wait * 1000);
        if ((await this.query()) === desired) return;
      } catch (error) {
        failure = error;
        await this.clock.sleep(wait * 1000);
      }
    }
    throw failure;
  }

  async #request(method: 'GET' | 'POST', what: string, uri: string): Promise<string> {
    const { power_token: token, power_user: user, power_pass: pass } = this.parameters;
    const headers: Record<string, string> = {
      'User-Agent': 'MAAS 3.6.0',
      Accept: 'application/json',
      System_Id: this.systemId,
    };
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
    else if (user !== undefined && pass !== undefined) {
      headers['Authorization'] = `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`;
    }
    const answer = await fetch(uri, { method, headers, redirect: method === 'GET' ? 'follow' : 'manual' });
    this.log.push(`${method} ${what} ${answer.status}`);
    const body = await answer.text();
    if (answer.status >= 400 && answer.status !== 404) throw new Error(`Failed to complete power action: ${body}`);
    return body;
  }
}
