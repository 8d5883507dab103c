import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { ApiBench, TOKENS } from '../integration/http-api/api-bench.js';
import { eventually } from '../support/eventually.js';
import { HOSTILE_TEXT, SAMPLE_DRIVERS, SAMPLE_EVIDENCE } from '../support/sample-matrix.js';
import { Visitor } from './visitor.js';

let api: ApiBench;
let visitor: Visitor;
let page: Page;

beforeAll(async () => {
  api = await ApiBench.start({ drivers: SAMPLE_DRIVERS, evidence: SAMPLE_EVIDENCE });
  visitor = await Visitor.start();
});
afterAll(async () => {
  await visitor.leave();
  await api.stop();
});
afterEach(async () => {
  expect(await page.evaluate('globalThis.stolen ?? null')).toBeNull();
  await page.context().close();
  expect(visitor.trespasses).toEqual([]);
  expect(visitor.defects.splice(0)).toEqual([]);
});

type Options = Parameters<Visitor['open']>[2];
const open = async (address = '', options: Options = {}): Promise<void> => {
  page = await visitor.open(api.url, `/v1/features.html${address}`, options);
};
const drawer = () => page.locator('#drawer');
const cell = (driver: string, feature: string) =>
  page.locator(`td[data-driver="${driver}"][data-feature="${feature}"]`);
/** Features whose row, or column, is there to be seen. */
const shown = (): Promise<string[]> =>
  page.locator('[data-status]:visible').evaluateAll((heads) => heads.map((head) => head.dataset['feature'] ?? ''));
const drivers = (): Promise<string[]> =>
  page
    .locator('.by-feature thead th[data-driver]:visible')
    .evaluateAll((heads) => heads.map((head) => head.dataset['driver'] ?? ''));
const focused = (): Promise<string> => page.evaluate('document.activeElement?.textContent?.trim() ?? ""');

describe('the matrix', () => {
  it('can be read without scripts, and leads to the evidence', async () => {
    await open('', { javaScriptEnabled: false });
    expect(await cell('old.html', 'operation.launch').innerText()).toMatch(/complete\s+● live\s+1 test/);
    expect(await cell('fake', 'operation.pause').innerText()).toMatch(/complete\s+○ not proven/);
    expect(await cell('old.html', 'storage.image').innerText()).toContain('images of at most 2 TiB');
    await cell('old.html', 'storage.image').getByRole('link').click();
    await page.waitForURL(/\/v1\/features\/old\.html\.html#storage\.image$/);
    const article = page.locator('[id="storage.image"]');
    expect(await article.innerText()).toContain('refuses what is beyond its limits');
    await page.getByRole('link', { name: 'Feature matrix' }).click();
    await page.locator('[data-about="storage.block.backend.iscsi"]').first().click();
    expect(await page.locator('[id="about-storage.block.backend.iscsi"]').innerText()).toContain(
      'storage.block==missing',
    );
  });

  it('is a table with heads for rows and columns', async () => {
    await open();
    const table = page.getByRole('table', { name: 'Virt drivers' });
    await table.getByRole('columnheader', { name: 'hmc-dpm' }).waitFor();
    await table
      .getByRole('rowheader', { name: /Pause|pause/ })
      .first()
      .waitFor();
    await table.getByRole('rowheader', { name: 'Consoles' }).waitFor();
    await cell('fake', 'operation.pause')
      .getByRole('link', { name: 'Stop instance CPUs (pause), fake: complete' })
      .waitFor();
    await page
      .getByRole('table', { name: 'Power types' })
      .getByRole('columnheader', { name: /^Switch on/ })
      .waitFor();
  });

  it('finds by text, by status and by driver, and counts what is left', async () => {
    await open();
    const all = (await shown()).length;
    await page.getByLabel('Find').fill('console');
    await eventually(async () => (await shown()).length < all, 'the filter to act');
    expect(await shown()).toEqual(expect.arrayContaining(['console.vnc', 'console.serial.log']));
    expect(await shown()).not.toContain('operation.launch');
    await page.getByLabel('Find').fill('');
    await page.getByLabel('Status').selectOption('mandatory');
    expect(await shown()).toEqual([
      'operation.get-guest-info',
      'operation.launch',
      'operation.terminate',
      'storage.image',
      'power.on',
      'power.off',
    ]);
    await page.getByRole('status').getByText(`6 of ${all} features`).waitFor();
    await page.getByText('Drivers: all').click();
    await page.getByLabel('fake', { exact: true }).check();
    await page.getByLabel('old.html', { exact: true }).check();
    expect(await drivers()).toEqual(['fake', 'old.html']);
    expect(await page.locator('#power').isVisible()).toBe(false);
    await page.keyboard.press('Escape');
    await page.getByText('Drivers: fake, old.html').waitFor();
    await page.getByRole('button', { name: 'Show everything' }).first().click();
    expect((await shown()).length).toBe(all);
    // What no feature is called may be a driver.
    await page.getByLabel('Find').fill('older time');
    await page.getByLabel('Find').fill('webhook');
    expect(await page.locator('.by-driver tbody tr:visible').count()).toBe(1);
    await page.getByLabel('Find').fill('no such thing');
    await page.getByText('Nothing is left.').waitFor();
  });

  it('shows only what differs, and only what is proven', async () => {
    await open('#driver=hmc-dpm&driver=old.html&only=differences');
    expect(await shown()).toEqual(expect.arrayContaining(['operation.launch', 'console.vnc']));
    expect(await shown()).not.toContain('operation.get-host-info');
    await page.getByRole('button', { name: 'Show everything' }).first().click();
    await page.getByLabel('Only proven').check();
    await eventually(() => page.url().endsWith('#only=proven'), 'the address');
    expect(await drivers()).not.toContain('reference:zvm');
    // Nothing of it is proven: it is not said to be complete.
    expect(await cell('fake', 'operation.get-host-info').innerText()).not.toContain('complete');
    expect(await cell('hmc-dpm', 'operation.get-host-info').innerText()).toContain('complete');
  });

  it('has a view in its address, which another reader sees', async () => {
    await open();
    await page.getByLabel('Find').fill('volume');
    await page.getByLabel('Only differences').check();
    await eventually(() => page.url().includes('#find=volume&only=differences'), 'the address');
    const seen = await shown();
    const url = new URL(page.url());
    await page.context().close();
    await open(url.hash);
    expect(await shown()).toEqual(seen);
    expect(await page.getByLabel('Find').inputValue()).toBe('volume');
    expect(await page.getByLabel('Only differences').isChecked()).toBe(true);
  });

  it('opens the evidence of a cell, and what a feature means, and comes back', async () => {
    await open();
    await cell('old.html', 'storage.image').getByRole('link').click();
    await drawer().getByText('refuses what is beyond its limits').waitFor();
    for (const text of [
      'partial',
      'proven live',
      'images of at most 2 TiB',
      'its limits hold',
      'passed',
      'old.html simulator 4.10',
    ])
      expect(await drawer().innerText()).toContain(text);
    expect(page.url()).toContain('feature=storage.image&on=old.html');
    await page.keyboard.press('Escape');
    await eventually(() => !page.url().includes('feature='), 'the address of the matrix');
    await page.locator('[data-about="console.vnc"]').first().click();
    await drawer().getByText('Who has it').waitFor();
    expect(await drawer().innerText()).toContain('compute.get_console');
    await page.goBack();
    await eventually(async () => !(await drawer().isVisible()), 'the panel to close');
  });

  it('shows texts of others as texts, in the panel too', async () => {
    await open(`#feature=operation.pause&on=${encodeURIComponent('<b>odd</b>')}`);
    await drawer().getByText('its limits hold').waitFor();
    expect(await drawer().innerText()).toContain(HOSTILE_TEXT);
    expect(await page.locator('b, main img, dialog img').count()).toBe(0);
  });

  it('says what a driver fails at its head', async () => {
    await open();
    const head = page.locator('tr.demands td[data-driver="fake"]');
    expect(await head.innerText()).toMatch(/✕ not met[^]*mandatory, and missing: .*Launch instance/);
    await head.getByRole('link', { name: 'Launch instance' }).click();
    await drawer().getByText('An instance is made of a description.').waitFor();
  });
});

describe('the page of a driver', () => {
  it('tells of a host what it has now', async () => {
    page = await visitor.open(api.url, '/v1/features/fake.html?host=site');
    await page.getByRole('heading', { name: 'Now, on site' }).waitFor();
    expect(await page.locator('[id="operation.pause"]').innerText()).toContain('Now, on site: available');
  });
});

describe('without a mouse', () => {
  it('is used with the keyboard, and heads that stay do not hide the focus', async () => {
    await open('#status=mandatory');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to content');
    await cell('hmc-dpm', 'operation.get-guest-info').getByRole('link').focus();
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toContain('Guest instance status, fake');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toContain('Launch instance, fake');
    await page.keyboard.press('Enter');
    await drawer().getByText('No evidence').waitFor();
    await page.keyboard.press('Escape');
    await eventually(async () => (await focused()).includes('Launch instance, fake'), 'the focus to come back');

    await page.context().close();
    await open();
    await cell('hmc-dpm', 'networking.topology.vlan').getByRole('link').focus();
    for (let steps = 0; steps < 40; steps++) {
      await page.keyboard.press('ArrowUp');
      const isCovered: boolean = await page.evaluate(
        '(() => { const box = document.activeElement.getBoundingClientRect(); const head = document.querySelector(".by-feature thead").getBoundingClientRect(); return document.activeElement.closest("tbody") !== null && box.top < head.bottom && head.top < 100; })()',
      );
      expect([await focused(), isCovered]).toEqual([await focused(), false]);
    }
  });
});

describe('the operators’ page', () => {
  it('leads to the matrix, and back', async () => {
    page = await visitor.open(api.url, '/ui');
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Features' }).click();
    await page.getByRole('heading', { name: 'Feature matrix' }).waitFor();
    await page.getByRole('link', { name: 'Hosts', exact: true }).click();
    await page.locator('#hosts-rows').getByText('site').waitFor();
    await page.locator('#hosts-rows').getByRole('link', { name: 'site' }).click();
    await drawer().getByRole('link', { name: 'fake' }).click();
    await page.getByRole('heading', { name: 'Now, on site' }).waitFor();
  });
});

describe('an address that others reach', () => {
  it('asks for a token, and then shows the matrix and its evidence', async () => {
    const elsewhere = await ApiBench.start({ host: '0.0.0.0' });
    try {
      page = await visitor.open(elsewhere.url, '/v1/features.html#status=mandatory');
      expect(await page.locator('table').count()).toBe(0);
      await page.getByLabel('Token').fill('nobodys');
      await page.getByRole('button', { name: 'Use it' }).click();
      await page.getByRole('alert').getByText('A token is needed to see this.').waitFor();
      await page.getByLabel('Token').fill(TOKENS.read);
      await page.getByRole('button', { name: 'Use it' }).click();
      await page.getByRole('heading', { name: 'Virt drivers' }).waitFor();
      expect(await shown()).toHaveLength(6);
      await cell('fake', 'operation.launch').getByRole('link').click();
      await drawer().getByText('No evidence').waitFor();
      // The tab keeps it.
      await page.goto(`${elsewhere.url}/v1/features/fake.html`);
      await page.locator('[id="operation.pause"]').waitFor();
    } finally {
      await elsewhere.stop();
    }
  });
});

describe('people who see or work differently', () => {
  const cases = [1400, 390].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  );

  it.each(cases)('meet no barrier: $width pixels, $colorScheme', async ({ width, colorScheme }) => {
    const options = { viewport: { width, height: 844 }, colorScheme };
    const check = async (): Promise<void> => {
      await page.evaluate(axe.source);
      const violations = await page.evaluate(
        'axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html + n.failureSummary).join("; ")))',
      );
      expect(violations).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(
        0,
      );
    };
    await open('', options);
    await check();
    await page.getByText('Drivers: all').click();
    await check();
    await cell('old.html', 'storage.image').getByRole('link').click();
    await drawer().getByText('refuses what is beyond its limits').waitFor();
    await check();
    await page.goto(`${api.url}/v1/features/old.html.html`);
    await check();
    await page.goto(`${api.url}/v1/features.html?having=operation.fly`);
    await check();
  });
});

describe('on paper', () => {
  it('has its whole text, and none of its controls', async () => {
    await open();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(
      await page
        .locator('.bar, #filters, .skip')
        .evaluateAll((all) => all.filter((one) => one.checkVisibility()).length),
    ).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(22, 26, 29)');
    const note = cell('<b>odd</b>', 'operation.pause').locator('.note');
    expect(await note.evaluate((one) => one.scrollHeight - one.clientHeight)).toBeLessThanOrEqual(0);
    const paper = await page.pdf({ preferCSSPageSize: true });
    expect(paper.subarray(0, 5).toString()).toBe('%PDF-');
    expect(paper.toString('latin1')).toMatch(/\/MediaBox \[0 0 84[12][\d.]* 59[45]/);
  });
});
