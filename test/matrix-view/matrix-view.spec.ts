import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import { catalogueAnswer, driverAnswer, matrixAnswer } from '../../src/compute/dispatch/feature-answers.js';
import { POWER_TYPES } from '../../src/drivers/driver-registry.js';
import { featureMatrixPage } from '../../src/feature-matrix-page.js';
import { driverMarkdown, driverPage, matrixMarkdown, matrixPage, troublePage } from '../../src/matrix-view/index.js';
import { markup } from '../../src/matrix-view/html/markup.js';
import { md } from '../../src/matrix-view/markdown/text.js';
import { HOSTILE_TEXT, SAMPLE_DRIVERS, SAMPLE_EVIDENCE } from '../support/sample-matrix.js';

const parts = { version: '1.2.3', drivers: SAMPLE_DRIVERS, powerTypes: POWER_TYPES, evidence: SAMPLE_EVIDENCE };
const matrix = matrixAnswer(parts);
const { features: catalogue } = catalogueAnswer();
const ODD = '<b>odd</b>';
const place = { base: '../', search: '' };

describe('markup', () => {
  it('makes texts of texts, and keeps what it made itself', () => {
    const inner = markup`<i>${'<'}</i>`;
    expect(String(markup`<p title="${`"'>`}">${inner}${[inner, null, false, undefined, 7]}</p>`)).toBe(
      '<p title="&quot;&#39;&gt;"><i>&lt;</i><i>&lt;</i>7</p>',
    );
  });
});

describe('the pages', () => {
  const pages = {
    matrix: matrixPage(matrix, { ...place, query: {} }),
    driver: driverPage(driverAnswer(parts, { driver: ODD }), catalogue, place),
    trouble: troublePage('../', { message: HOSTILE_TEXT }, { asksForToken: false }),
    question: matrixPage(matrix, { ...place, query: { drivers: [HOSTILE_TEXT], having: [HOSTILE_TEXT] } }),
  };

  it.each(Object.entries(pages))('of %s shows every text as a text, and holds nothing in line', (_, page) => {
    expect(page).toContain('&lt;img src=x onerror=&quot;globalThis.stolen=1&quot;&gt;');
    expect(page).not.toMatch(/<img src=x|<b>odd|<script>|<style|style=|<[^>]*\son\w+=/);
    expect([...page.matchAll(/<script/g)]).toHaveLength(1);
  });

  it('names a driver in addresses so that it is found', () => {
    expect(pages.matrix).toContain('href="../v1/features/%3Cb%3Eodd%3C%2Fb%3E.html#operation.pause"');
    expect(pages.matrix).toContain('href="../v1/features/old.html.html#operation.pause"');
  });

  it('has a row for every feature of virt drivers, and a column for every one of power types', () => {
    for (const { key, set } of catalogue) {
      const head =
        set === 'power'
          ? `<th role="columnheader" scope="col" data-feature="${key}"`
          : `<tr role="row" data-feature="${key}"`;
      expect(pages.matrix).toContain(head);
      expect(pages.matrix).toContain(`id="about-${key}"`);
    }
  });

  it('says at the head of a driver what it lacks', () => {
    const [, demands = ''] = /<tr role="row" class="demands">(.*?)<\/tr>/s.exec(pages.matrix) ?? [];
    expect(demands).toContain('demanded because Block storage support is complete');
    expect(demands).toContain('none of the network topologies');
    expect(demands).toMatch(/mandatory, and there with limits: <a[^>]*>Image storage support<\/a>/);
  });

  it('says that nobody has all that is asked for', () => {
    const page = matrixPage({ ...matrix, drivers: [] }, { ...place, query: { having: ['console.vnc'], proven: true } });
    expect(page).toContain('No driver has all that is asked for.');
    expect(page).toContain('having Remote desktop over VNC, proven');
    expect(page).not.toContain('<table');
  });
});

describe('Markdown', () => {
  it('shows every text as a text', () => {
    for (const text of [matrixMarkdown(matrix), driverMarkdown(driverAnswer(parts, { driver: ODD }), catalogue)]) {
      // Of what begins markup, only comments and what stands in code are not marked as text.
      expect(text.match(/(?<!\\|`[^`\n]*)<(?!!--).*/)).toBeNull();
      expect(text).toContain('\\<img src=x');
    }
    expect(md('a|b\n`c` <d> *e*')).toBe('a\\|b \\`c\\` \\<d\\> \\*e\\*');
  });

  it('has the cells of a row under their heads, whatever their texts are', () => {
    const text = matrixMarkdown(matrix);
    const [table = ''] = text.split('## Virt drivers\n\n').slice(1);
    const rows = table.split('\n\n')[0]?.split('\n') ?? [];
    const widths = new Set(rows.map((row) => row.replaceAll('\\|', '').split('|').length));
    expect(widths.size).toBe(1);
  });

  it('tells why a driver lacks something, once for all that it lacks for that reason', () => {
    const text = matrixMarkdown(matrix);
    expect(text).toMatch(/- _the fake driver does not play this part yet_: Attach block volume to instance; Detach/);
    expect(text).toContain('- Image storage support `storage.image`: images of at most 2 TiB, in qcow2 or raw');
  });
});

describe('docs/feature-matrix.md', () => {
  it('is what the drivers declare and the evidence proves (npm run docs:generate)', async () => {
    const kept = readFileSync(new URL('../../docs/feature-matrix.md', import.meta.url), 'utf8');
    expect(kept).toBe(await format(featureMatrixPage(), { parser: 'markdown', printWidth: 120 }));
  });
});
