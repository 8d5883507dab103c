import { randomBytes } from 'node:crypto';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { Operator, namesOf } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { ServiceProcess, type ServiceProcessOptions } from '../support/service-process.js';
import { Visitor } from './visitor.js';

export const TOKENS = { operator: 'canary-token-of-operator', watcher: 'canary-token-of-watcher' };
/** Whoever shows this as markup instead of text has lost. */
export const HOSTILE = `<img src=x onerror="globalThis.stolen=1"><script>globalThis.stolen=1</script>`;

const HOSTS = {
  cpc1: {
    driver: 'fake',
    manage: ['*'],
    protect: ['db-prod'],
    settings: { instances: 0, names: ['web01', 'web02', 'db-prod', HOSTILE], change_delay_ms: 300 },
  },
  // Long enough to be looked at, and over before a test ends the service, which would wait for it.
  slow: { driver: 'fake', manage: ['*'], settings: { instances: 3, change_delay_ms: 25_000 } },
  many: { driver: 'fake', manage: ['*'], settings: { instances: 60 } },
  broken: {
    driver: 'fake',
    manage: ['*'],
    settings: {
      faults: [
        { operation: 'getHostInfo', error: 'BACKEND_UNREACHABLE' },
        { operation: 'powerOn', error: 'BACKEND_REJECTED' },
      ],
    },
  },
};

/** The built service, and a browser that looks at its page. */
export class PageBench {
  private constructor(
    private readonly broker: Pick<Broker, 'url' | 'stop'>,
    private readonly visitor: Visitor,
    private readonly run: string,
    readonly service: ServiceProcess,
  ) {}

  static async start(http: Record<string, unknown> = {}): Promise<PageBench> {
    const broker = await sharedBroker();
    const run = `page-${randomBytes(6).toString('hex')}`;
    const { deadQueue, eventsExchange } = namesOf(run);
    const options: ServiceProcessOptions = {
      url: broker.url,
      group: run,
      server: run,
      deadQueue,
      eventsExchange,
      environment: { OPERATOR_TOKEN: TOKENS.operator, WATCHER_TOKEN: TOKENS.watcher },
      http: {
        tokens: [
          { name: 'operator', token: { env: 'OPERATOR_TOKEN' }, access: 'act' },
          { name: 'watcher', token: { env: 'WATCHER_TOKEN' }, access: 'read' },
        ],
        ...http,
      },
      hosts: HOSTS,
    };
    const bench = new PageBench(broker, await Visitor.start(), run, new ServiceProcess(options));
    try {
      await bench.service.start();
      await bench.service.ready();
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  async stop(): Promise<void> {
    await this.visitor.leave();
    await this.service.discard();
    const operator = await Operator.connect(this.broker.url);
    await operator.remove(namesOf(this.run));
    await operator.close();
    await this.broker.stop();
  }

  get trespasses(): string[] {
    return this.visitor.trespasses;
  }

  get defects(): string[] {
    return this.visitor.defects;
  }

  /** Opens the page in a browser profile of its own. */
  open(path = '/ui', options: BrowserContextOptions = {}): Promise<Page> {
    return this.visitor.open(this.service.httpUrl, path, options);
  }

  /** Opens the page and gives it a token, as an operator does. */
  async openAs(token: string, path = '/ui', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.open('/ui', options);
    await enterToken(page, token);
    await page.goto(`${this.service.httpUrl}${path}`);
    return page;
  }

  async close(page: Page): Promise<void> {
    await page.context().close();
  }

  /** Asks for something over RPC, as another caller. */
  async call(method: string, params: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.service.httpUrl}/v1/rpc/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKENS.operator}` },
      body: JSON.stringify(params),
    });
    return (await answer.json()) as Record<string, unknown>;
  }
}

export async function enterToken(page: Page, token: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Token' });
  // Not with the mouse: where a token is needed the dialog opens by itself, at any moment, and is in its way.
  if (!(await dialog.isVisible())) await page.locator('#session').dispatchEvent('click');
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Use it' }).click();
}
