import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Shorter than a test's, so that it is told what was waited for. */
const TIMEOUT_MS = 60_000;
const WIDE = { width: 1400, height: 900 };

/** A browser that looks at pages of a service, and at what they do. */
export class Visitor {
  /** What no page may do: asked of another server, or put a token into an address. */
  readonly trespasses: string[] = [];
  /** Defects of the page's scripts, and what its policy kept from happening. */
  readonly defects: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<Visitor> {
    return new Visitor(await launch());
  }

  leave(): Promise<void> {
    return this.browser.close();
  }

  /** Opens a page in a browser profile of its own. */
  async open(origin: string, path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: WIDE, ...options });
    context.setDefaultTimeout(TIMEOUT_MS);
    const page = await context.newPage();
    page.on('request', (request) => {
      const url = request.url();
      if (new URL(url).origin !== origin) this.trespasses.push(`asked ${url}`);
      if (url.includes('canary-token')) this.trespasses.push(`told its token to ${url}`);
    });
    page.on('pageerror', (error) => this.defects.push(error.message));
    page.on('console', (message) => {
      // The browser reports every status that is not 2xx, and that a server is away, by itself.
      const isExpected = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isExpected) this.defects.push(message.text());
    });
    await page.goto(`${origin}${path}`);
    return page;
  }
}

/** It must start: a page that is not looked at is not tested. */
async function launch(): Promise<Browser> {
  const script = new URL('../../scripts/chromium.mjs', import.meta.url).href;
  const { findChromium } = (await import(script)) as { findChromium: () => string | undefined };
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('there is no Chromium here; npm test installs it');
  // As root Chromium starts without its sandbox only; containers have little shared memory.
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...root, '--disable-dev-shm-usage'] });
}
