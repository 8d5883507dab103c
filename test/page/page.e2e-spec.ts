import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { HOSTILE, PageBench, TOKENS, enterToken } from './page-bench.js';

let bench: PageBench;
let page: Page;

beforeAll(async () => {
  bench = await PageBench.start();
  await bench.call('machine.register', { machine: 'rack1-outlet7', power_type: 'manual', skip_check: true });
});
afterAll(() => bench.stop());
afterEach(async () => {
  await bench.close(page);
  expect(bench.trespasses).toEqual([]);
  expect(bench.defects.splice(0)).toEqual([]);
});

const isLive = (where: Page): Promise<void> => where.locator('#connection[data-state=live]').waitFor();
const rowOf = (name: string) => page.locator('#operations-rows tr', { hasText: name }).first();
const drawer = () => page.locator('#drawer');
const question = () => page.locator('#confirm');
const textOf = async (selector: string): Promise<string> => (await page.locator(selector).textContent()) ?? '';

async function stateOf(name: string): Promise<string> {
  return (await rowOf(name).locator('.state-cell').textContent()) ?? '';
}

describe('without a token', () => {
  it('shows operations as they happen, with progress, and their ends', async () => {
    page = await bench.open();
    await isLive(page);
    await bench.call('power.on', { host: 'cpc1', instance: 'web01', wait: 'accepted' });
    await eventually(async () => /running|done/.test(await stateOf('web01')), 'the operation');
    await eventually(async () => (await stateOf('web01')).includes('done'), 'its end');
    expect(await rowOf('web01').locator('.progress-cell').textContent()).toContain('on');
    expect(await rowOf('web01').locator('.caller-cell').textContent()).toBe('http:operator');
    expect(await rowOf('web01').locator('time').getAttribute('title')).toMatch(/\d{4}/);
    await eventually(
      async () => (await textOf('#announcements')).includes('power.on of web01: done'),
      'it to be read out',
    );
  });

  it('shows an error with what it means', async () => {
    page = await bench.open();
    await bench.call('power.on', { host: 'broken', instance: 'instance-0001' });
    await rowOf('instance-0001').getByText('BACKEND_REJECTED').waitFor();
    await rowOf('instance-0001').getByRole('link').click();
    await drawer().getByText('It did not take effect. The same request would fail again.').waitFor();
    expect(page.url()).toMatch(/#operations\/[0-9a-f-]{36}$/);
    await page.keyboard.press('Escape');
    await eventually(() => page.url().endsWith('#operations'), 'the address of the list');
  });

  it('shows hosts, and which cannot be reached', async () => {
    page = await bench.open('/ui#hosts');
    const row = (name: string) =>
      page.locator('#hosts-rows tr', { has: page.getByRole('link', { name, exact: true }) });
    await row('cpc1').locator('.state.good', { hasText: 'up' }).waitFor();
    await row('broken').locator('.state.bad', { hasText: 'unreachable' }).waitFor();
    await row('cpc1').getByRole('link').click();
    await drawer().getByRole('button', { name: 'Test' }).click();
    await drawer().getByText('Test: all is well').waitFor();
    await drawer().getByText('web02').waitFor();
  });

  it('shows machines, a page at a time, and those that a filter names', async () => {
    for (let index = 10; index < 65; index++) {
      await bench.call('machine.register', { machine: `node-${index}`, power_type: 'manual', skip_check: true });
    }
    page = await bench.open('/#machines');
    const rows = page.locator('#machines-rows tr');
    await eventually(async () => (await rows.count()) === 50, 'the first page');
    await page.getByRole('button', { name: 'Next' }).click();
    await eventually(async () => (await rows.count()) === 6, 'the second page');
    await page.getByRole('button', { name: 'Previous' }).click();
    await eventually(async () => (await rows.count()) === 50, 'the first page again');
    await page.locator('#machines-filter [name=name]').fill('rack1-*');
    await page.keyboard.press('Enter');
    await eventually(async () => (await rows.count()) === 1, 'the one of that name');
    await rows.getByRole('link', { name: 'rack1-outlet7' }).click();
    await drawer().getByText('unchecked').waitFor();
  });

  it('offers nothing that changes anything', async () => {
    page = await bench.open('/ui#hosts/cpc1');
    await drawer().getByText('web02').waitFor();
    const acting = /^(Power|Cancel|Retry|Begin|End)/;
    expect(await page.getByRole('button', { name: acting }).count()).toBe(0);
    await page.goto(`${bench.service.httpUrl}/ui#machines`);
    await page.locator('#machines-rows tr').first().waitFor();
    expect(await page.getByRole('button', { name: acting }).count()).toBe(0);
  });
});

describe('an address', () => {
  it('names a host before it is known which there are, and nobody says meanwhile that there is none', async () => {
    page = await bench.open('/ui#hosts');
    await isLive(page);
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route('**/v1/hosts', async (route) => {
      await held;
      await route.continue();
    });
    const said = async (): Promise<string> => (await drawer().textContent()) ?? '';
    await page.goto('about:blank');
    await page.goto(`${bench.service.httpUrl}/ui#hosts/cpc1`);
    await drawer().getByText('web02').waitFor();
    expect(await said()).not.toContain('has no host');
    answer();
    await drawer().getByText('May be changed').waitFor();
    await page.evaluate('location.hash = "#hosts/nowhere"');
    await drawer().getByText('This service has no host nowhere.').waitFor();
  });

  it('of a machine shows what becomes of it', async () => {
    const at = (verb: string): string => `http://127.0.0.1:9/${verb}`;
    const addresses = { power_on_uri: at('on'), power_off_uri: at('off'), power_query_uri: at('query') };
    const crane = { machine: 'a-crane', skip_check: true };
    await bench.call('machine.register', { ...crane, power_type: 'webhook', power_parameters: addresses });
    page = await bench.open('/ui#machines');
    await page.locator('#machines-rows').getByRole('link', { name: 'a-crane' }).click();
    await drawer().getByText(at('on')).waitFor();
    await bench.call('machine.update', { ...crane, power_parameters: { power_on_uri: at('start') } });
    await drawer().getByText(at('start')).waitFor();
  });
});

describe('an answer to the page', () => {
  it.each([
    [503, 'JOURNAL_UNAVAILABLE', 'The service is not ready, trying again'],
    [503, 'CAPACITY_EXHAUSTED', 'Too many readers, trying again'],
    [403, 'FORBIDDEN', 'no rule allows it'],
  ])('of %i %s is told as what it is', async (status, code, text) => {
    page = await bench.open();
    await isLive(page);
    await page.route('**/v1/events', (route) =>
      route.fulfill({ status, json: { code, message: 'no rule allows it' } }),
    );
    await page.reload();
    await page.getByText(text).waitFor();
  });
});

describe('with a token', () => {
  it('powers an instance, once a question that names it is answered', async () => {
    page = await bench.openAs(TOKENS.operator, '/ui#hosts/cpc1');
    await drawer().getByRole('button', { name: 'Power on web02' }).click();
    expect(await question().getByRole('heading').textContent()).toBe('Power on web02 on cpc1?');
    await question().getByRole('button', { name: 'Do nothing' }).click();
    await drawer().getByRole('button', { name: 'Power on web02' }).click();
    await question().getByRole('button', { name: 'Power on web02' }).click();
    await page.locator('#notice').getByText('Power on web02: asked for.').waitFor();
    const { operations } = (await bench.call('operation.list', { name: 'web02' })) as { operations: object[] };
    expect(operations).toMatchObject([{ method: 'power.on', requested_by: 'http:operator' }]);
    await drawer().locator('tr', { hasText: 'web02' }).getByText('running').waitFor();
  });

  it('says why something is refused, in the question', async () => {
    page = await bench.openAs(TOKENS.operator, '/ui#hosts/cpc1');
    await drawer().getByRole('button', { name: 'Power off db-prod' }).click();
    await question().getByRole('button', { name: 'Power off db-prod' }).click();
    await question().getByText('FORBIDDEN').waitFor();
    await question().getByText('Nothing was done.').waitFor();
  });

  it('leaves a button where it is pressed while its row says something new', async () => {
    await bench.call('power.on', { host: 'cpc1', instance: 'web02' });
    page = await bench.openAs(TOKENS.operator, '/ui#hosts/cpc1');
    const button = drawer().getByRole('button', { name: 'Power on web02' });
    await button.hover();
    await page.mouse.down();
    await bench.call('power.off', { host: 'cpc1', instance: 'web02' });
    await drawer().locator('tr', { hasText: 'web02' }).getByText('shutdown').waitFor();
    // Facts of the host that came meanwhile may have moved it, and the finger goes with it.
    await button.hover();
    await page.mouse.up();
    expect(await question().getByRole('heading').textContent()).toBe('Power on web02 on cpc1?');
  });

  it('does nothing twice when an answer is lost on the way, and is asked for again', async () => {
    page = await bench.openAs(TOKENS.operator, '/ui#hosts/many');
    const verb = 'Power on instance-0003';
    let asked = 0;
    await page.route('**/v1/rpc/power.on', async (route) => {
      const response = await route.fetch();
      asked += 1;
      await (asked === 1 ? route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }) : route.fulfill({ response }));
    });
    await drawer().getByRole('button', { name: verb }).click();
    await question().getByRole('button', { name: verb }).click();
    await question().getByText('It may have been taken.').waitFor();
    await question().getByRole('button', { name: 'Ask again' }).click();
    await page.locator('#notice').getByText(`${verb}: asked for.`).waitFor();
    const { operations } = (await bench.call('operation.list', { name: 'instance-0003', method: 'power.on' })) as {
      operations: object[];
    };
    expect([asked, operations.length]).toEqual([2, 1]);
  });

  it('cancels an operation', async () => {
    page = await bench.openAs(TOKENS.operator);
    await isLive(page);
    const asked = { host: 'slow', instance: 'instance-0001', wait: 'accepted' };
    await bench.call('power.on', asked);
    const { operation_id: id } = await bench.call('power.off', asked);
    await page.locator(`#operations-rows a[href="#operations/${String(id)}"]`).click();
    await drawer().getByRole('button', { name: 'Cancel power.off of instance-0001' }).click();
    expect(await question().getByRole('heading').textContent()).toBe('Cancel power.off of instance-0001?');
    await question().getByRole('button', { name: 'Cancel power.off of instance-0001' }).click();
    await drawer().locator('.big').getByText('cancelled').waitFor();
  });

  it('begins and ends the maintenance of a host, and retries a logon', async () => {
    page = await bench.openAs(TOKENS.operator, '/ui#hosts/many');
    await drawer().getByRole('button', { name: 'Retry logon' }).click();
    await question().getByRole('button', { name: 'Retry many' }).click();
    await page.locator('#notice').getByText('Nothing had been refused at many.').waitFor();
    await drawer().getByRole('button', { name: 'Begin maintenance' }).click();
    expect(await question().getByRole('heading').textContent()).toBe('Begin maintenance of many?');
    await question().getByRole('combobox').selectOption({ label: 'move to slow' });
    await question().getByRole('button', { name: 'Begin maintenance of many' }).click();
    const operations = await eventually(async () => {
      const answer = await bench.call('operation.list', { method: 'host.set_maintenance' });
      const listed = answer['operations'] as object[];
      return listed.length > 0 && listed;
    }, 'the maintenance to be asked for');
    expect(operations).toMatchObject([{ host: 'many', not_after: null }]);
    await drawer().getByRole('button', { name: 'End maintenance' }).click();
    await question().getByRole('button', { name: 'End maintenance of many' }).click();
    await drawer().getByRole('button', { name: 'Begin maintenance' }).waitFor();
  });

  it('keeps it in this tab, in no address, and forgets it when told', async () => {
    page = await bench.openAs(TOKENS.operator);
    await page.getByRole('button', { name: 'Acts as operator' }).click();
    expect(await page.evaluate('localStorage.length + document.cookie.length')).toBe(0);
    expect(await page.evaluate('sessionStorage.getItem("zenova.token")')).toBe(TOKENS.operator);
    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByRole('button', { name: 'Read only' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('offers nothing to one that may only look, and says when there is no such token', async () => {
    page = await bench.openAs(TOKENS.watcher, '/ui#hosts/cpc1');
    await page.locator('#session', { hasText: 'Reads as watcher' }).waitFor();
    await drawer().getByText('web02').waitFor();
    expect(await page.getByRole('button', { name: /^Power/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await enterToken(page, 'nobodys');
    await page.getByText('The service does not know this token.').waitFor();
  });
});

describe('hostile names', () => {
  it('are text, wherever they stand', async () => {
    await bench.call('machine.register', { machine: HOSTILE, power_type: 'manual', skip_check: true });
    page = await bench.openAs(TOKENS.operator, `/ui#hosts/cpc1`);
    await drawer().getByText(HOSTILE, { exact: true }).waitFor();
    await drawer()
      .getByRole('button', { name: `Power on ${HOSTILE}` })
      .click();
    expect(await question().getByRole('heading').textContent()).toBe(`Power on ${HOSTILE} on cpc1?`);
    await question()
      .getByRole('button', { name: `Power on ${HOSTILE}` })
      .click();
    await page.locator('#notice').getByText(`Power on ${HOSTILE}: asked for.`).waitFor();
    await page.keyboard.press('Escape');
    await page.goto(`${bench.service.httpUrl}/ui#operations`);
    await rowOf(HOSTILE).getByRole('link').first().click();
    await drawer().getByRole('heading', { name: HOSTILE }).waitFor();
    await page.goto(`${bench.service.httpUrl}/ui#machines/${encodeURIComponent(HOSTILE)}`);
    await drawer().getByRole('heading', { name: HOSTILE }).waitFor();
    await page.goto(`${bench.service.httpUrl}/ui#operations/${encodeURIComponent(HOSTILE)}`);
    await drawer().locator('.trouble').waitFor();
    expect(await page.locator('main img, dialog img, #notice img, body script').count()).toBe(0);
    expect(await page.evaluate('globalThis.stolen')).toBeUndefined();
  });
});

describe('with the keyboard alone', () => {
  it('reaches everything, and sees where it is', async () => {
    page = await bench.open();
    await isLive(page);
    const press = (key: string): Promise<void> => page.keyboard.press(key);
    const focused = (): Promise<string> =>
      page.evaluate('document.activeElement?.matches("body") ? "" : document.activeElement?.textContent?.trim() ?? ""');
    const tabTo = async (text: string | RegExp, key = 'Tab'): Promise<void> => {
      for (let count = 0; count < 60; count++) {
        await press(key);
        if ((await focused()).match(text) !== null) {
          expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
          return;
        }
      }
      throw new Error(`${key} does not lead to ${String(text)}`);
    };
    await press('Tab');
    expect(await focused()).toBe('Skip to content');
    await tabTo(/^Read only/);
    await press('Enter');
    await page.keyboard.type(TOKENS.operator);
    await press('Enter');
    await page.getByRole('button', { name: 'Acts as operator' }).waitFor();
    await tabTo(/^Hosts/, 'Shift+Tab');
    await press('Enter');
    await tabTo('Skip to content', 'Shift+Tab');
    await press('Enter');
    expect(await page.evaluate('document.activeElement?.id')).toBe('main');
    expect(await page.locator('#hosts').isVisible()).toBe(true);
    await page.locator('#hosts-rows').getByRole('link', { name: 'cpc1', exact: true }).waitFor();
    await tabTo('cpc1');
    await press('Enter');
    await drawer().getByRole('button', { name: 'Power cycle web01' }).waitFor();
    for (let count = 0; count < 60; count++) {
      await press('Tab');
      if ((await page.evaluate('document.activeElement?.getAttribute("aria-label")')) === 'Power cycle web01') break;
    }
    await press('Enter');
    expect(await focused()).toBe('Do nothing');
    await press('Tab');
    expect(await focused()).toBe('Power cycle web01');
    await press('Enter');
    await page.locator('#notice').getByText('Power cycle web01: asked for.').waitFor();
    await press('Escape');
    await eventually(async () => (await focused()) === 'cpc1', 'the focus to be where it came from');
  });
});

describe('a list in which things happen', () => {
  it('does not move under the pointer', async () => {
    page = await bench.open();
    await isLive(page);
    await bench.call('power.on', { host: 'many', instance: 'instance-0009' });
    const row = rowOf('instance-0009');
    await row.waitFor();
    await row.hover();
    await page.evaluate(`
      globalThis.shifts = 0;
      new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (globalThis.shifts += value)))
        .observe({ type: 'layout-shift' });
    `);
    const before = await row.boundingBox();
    for (let index = 10; index < 40; index++) {
      await bench.call('power.on', { host: 'many', instance: `instance-00${index}` });
    }
    const news = page.getByRole('button', { name: 'Show 30 new' });
    await news.waitFor();
    expect(await row.boundingBox()).toEqual(before);
    expect(await page.evaluate('globalThis.shifts')).toBe(0);
    // Who has left the list for the button finds it there, whatever happens meanwhile.
    await news.hover();
    await bench.call('power.on', { host: 'many', instance: 'instance-0040' });
    const more = page.getByRole('button', { name: 'Show 31 new' });
    await more.waitFor();
    expect(await rowOf('instance-0039').count()).toBe(0);
    await more.click();
    await rowOf('instance-0040').waitFor();
  });

  it('shows what is new to who leaves both the list and the button', async () => {
    page = await bench.open();
    await isLive(page);
    await bench.call('power.on', { host: 'many', instance: 'instance-0041' });
    const row = rowOf('instance-0041').first();
    await row.hover();
    await bench.call('power.on', { host: 'many', instance: 'instance-0042' });
    await page.getByRole('button', { name: 'Show 1 new' }).hover();
    expect(await rowOf('instance-0042').count()).toBe(0);
    await page.mouse.move(0, 0);
    await rowOf('instance-0042').waitFor();
  });

  it('finds and shows what the reader asks for', async () => {
    page = await bench.open();
    await isLive(page);
    await page.locator('#operations-find').fill('instance-0012');
    await eventually(async () => (await page.locator('#operations-rows tr').count()) === 1, 'the one that is found');
    await page.locator('#operations-find').fill('');
    await page.locator('#operations-state').selectOption('failed');
    await eventually(async () => {
      const states = await page.locator('#operations-rows .state-cell').allTextContents();
      return states.length > 0 && states.every((state) => state.includes('failed'));
    }, 'failed ones only');
  });
});

describe('when the service goes and comes back', () => {
  // A service that is told to end waits for what runs.
  beforeAll(() =>
    eventually(
      async () => ((await bench.call('operation.list', { state: 'unfinished' }))['operations'] as []).length === 0,
      'nothing to run',
      120_000,
    ),
  );

  it('says so, and shows what happened meanwhile', async () => {
    page = await bench.open();
    await isLive(page);
    await bench.service.end('SIGKILL');
    await page.getByText('Connection lost, trying again').waitFor();
    await bench.service.start();
    await bench.service.ready();
    await bench.call('power.off', { host: 'many', instance: 'instance-0055' });
    await isLive(page);
    await rowOf('instance-0055').getByText('done').waitFor();
    await bench.call('power.off', { host: 'many', instance: 'instance-0056' });
    await rowOf('instance-0056').getByText('done').waitFor();
  });

  it('ends at once although somebody follows it', async () => {
    page = await bench.open();
    await isLive(page);
    expect(await bench.service.end('SIGTERM')).toBe(0);
    await bench.service.start();
    await bench.service.ready();
    await isLive(page);
  });
});

describe('people who see or work differently', () => {
  const sizes = [
    ['wide', 1400],
    ['middling', 980],
    ['narrow', 390],
  ] as const;
  const cases = sizes.flatMap(([size, width]) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ size, width, colorScheme })),
  );

  it.each(cases)('meet no barrier: $size, $colorScheme', async ({ width, colorScheme }) => {
    page = await bench.openAs(TOKENS.operator, '/ui', { viewport: { width, height: 800 }, colorScheme });
    await isLive(page);
    await page.evaluate(axe.source);
    const { operations } = (await bench.call('operation.list', { state: 'failed' })) as {
      operations: { operation_id: string }[];
    };
    const check = async (): Promise<void> => {
      const violations = await page.evaluate(
        'axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + n.failureSummary).join("; ")))',
      );
      expect(violations).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(
        0,
      );
    };
    for (const [hash, text] of [
      ['#operations', 'power.on'],
      ['#hosts', 'cpc1'],
      ['#machines', 'manual'],
    ] as const) {
      await page.evaluate(`location.hash = "${hash}"`);
      await page.locator(`${hash}-rows`).getByText(text).first().waitFor();
      expect(await page.evaluate('scrollY')).toBe(0);
      await check();
    }
    await page.evaluate(`location.hash = "#operations/${operations[0]?.operation_id ?? ''}"`);
    await drawer().locator('.trouble').waitFor();
    await check();
    await page.evaluate('location.hash = "#hosts/cpc1"');
    await drawer().getByText('web02').waitFor();
    await check();
    await drawer().getByRole('button', { name: 'Power off web02' }).click();
    await question().waitFor();
    await check();
  });
});
