import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { PageBench, TOKENS, enterToken } from './page-bench.js';

let bench: PageBench;
let page: Page;

beforeAll(async () => {
  bench = await PageBench.start({ host: '0.0.0.0' });
});
afterAll(() => bench.stop());
afterEach(async () => {
  await bench.close(page);
  expect(bench.trespasses).toEqual([]);
  expect(bench.defects.splice(0)).toEqual([]);
});

describe('an address that others reach', () => {
  it('asks for a token before it shows anything, and then for no other', async () => {
    page = await bench.open();
    await page.getByRole('dialog', { name: 'Token' }).waitFor();
    await page.getByText('A token is needed').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(0);
    await enterToken(page, 'nobodys');
    await page.getByText('The service does not take this token.').waitFor();
    await enterToken(page, TOKENS.watcher);
    await page.locator('#session', { hasText: 'Reads as watcher' }).waitFor();
    await page.locator('#hosts-rows tr').first().waitFor({ state: 'attached' });
    await page.reload();
    await page.locator('#session', { hasText: 'Reads as watcher' }).waitFor();
  });

  it('shows nothing any more once the token is forgotten', async () => {
    page = await bench.openAs(TOKENS.watcher, '/ui#hosts');
    await page.locator('#hosts-rows tr').first().waitFor();
    await page.locator('#session').click();
    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByText('A token is needed').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(0);
    expect(await page.locator('#server').textContent()).toBe('');
  });
});
