import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { ApiBench } from '../http-api/api-bench.js';
import { SAMPLE_DRIVERS, SAMPLE_EVIDENCE } from '../../support/sample-matrix.js';

let api: ApiBench;
beforeAll(async () => {
  api = await ApiBench.start({ drivers: SAMPLE_DRIVERS, evidence: SAMPLE_EVIDENCE });
});
afterAll(() => api.stop());

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const typeOf = async (path: string, accept?: string) => {
  const { status, headers } = await api.ask(path, { headers: accept === undefined ? {} : { accept } });
  return `${status} ${headers.get('content-type')?.split(';')[0]}`;
};
const driversOf = ({ body }: { body: Record<string, unknown> }) =>
  (body['drivers'] as { driver: string }[]).map(({ driver }) => driver);

describe('the form', () => {
  test.each([
    ['/v1/features', undefined, 'application/json'],
    ['/v1/features', '*/*', 'application/json'],
    ['/v1/features', 'image/png', 'application/json'],
    ['/v1/features', BROWSER, 'text/html'],
    ['/v1/features', 'text/markdown', 'text/markdown'],
    ['/v1/features', 'text/html;q=0.5, application/json', 'application/json'],
    ['/v1/features.html', 'application/json', 'text/html'],
    ['/v1/features.md', BROWSER, 'text/markdown'],
    ['/v1/features/fake', undefined, 'application/json'],
    ['/v1/features/fake', BROWSER, 'text/html'],
    ['/v1/features/fake.html', undefined, 'text/html'],
    ['/v1/features/fake.md', undefined, 'text/markdown'],
    // A driver that is called so.
    ['/v1/features/old.html', undefined, 'application/json'],
    ['/v1/features/old.html', BROWSER, 'text/html'],
    ['/v1/features/old.html.html', undefined, 'text/html'],
    ['/v1/features/old.html.md', undefined, 'text/markdown'],
    ['/v1/features/%3Cb%3Eodd%3C%2Fb%3E.html', undefined, 'text/html'],
  ])('of %s for one that accepts %s is %s', async (path, accept, type) => {
    expect(await typeOf(path, accept)).toBe(`200 ${type}`);
  });

  test('depends on Accept, says so, and each has a strong ETag of its own', async () => {
    const etags = new Set<string>();
    for (const accept of ['application/json', 'text/html', 'text/markdown']) {
      const { headers } = await api.ask('/v1/features', { headers: { accept } });
      expect(headers.get('vary')).toContain('Accept');
      expect(headers.get('cache-control')).toBe('private, no-cache');
      const etag = headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]{43}"$/);
      etags.add(etag);
      // Without the second header fetch itself says that it wants no answer from a cache.
      const known = { accept, 'if-none-match': etag, 'cache-control': 'max-age=0' };
      const again = await api.ask('/v1/features', { headers: known });
      expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
      expect(again.headers.get('etag')).toBe(etag);
    }
    expect(etags.size).toBe(3);
  });

  test('of people is sent with the policy of the other page', async () => {
    const page = await api.ask('/v1/features.html');
    const operators = await api.ask('/ui');
    for (const name of ['content-security-policy', 'x-frame-options', 'referrer-policy', 'x-content-type-options'])
      expect({ name, value: page.headers.get(name) }).toEqual({ name, value: operators.headers.get(name) });
  });

  test('leads to files and pages that are there, from wherever it is', async () => {
    for (const path of ['/v1/features.html', '/v1/features/', '/v1/features/fake.html']) {
      const { text } = await api.ask(path, { headers: { accept: BROWSER } });
      const named = [...text.matchAll(/(?:href|src)="([^"#]+)/g)].map(([, address = '']) => address);
      expect(named.length).toBeGreaterThan(8);
      for (const address of new Set(named)) {
        const { pathname } = new URL(address, `http://service${path}`);
        expect({ path, address, status: (await api.ask(pathname)).status }).toEqual({ path, address, status: 200 });
      }
    }
  });
});

describe('a question', () => {
  const asked = '?having=operation.live-migrate&having=console.serial.log&proven=true';

  test('is answered in one call, in each form', async () => {
    expect(driversOf(await api.ask(`/v1/features${asked}`))).toEqual(['<b>odd</b>']);
    const page = (await api.ask(`/v1/features.html${asked}`)).text;
    expect(page).toContain('having Live migrate instance across hosts and View serial console logs, proven');
    expect(page).not.toContain('data-driver="fake"');
    expect(page).toContain(`v1/features${asked.replaceAll('&', '&amp;')}`);
    const text = (await api.ask(`/v1/features.md${asked}`)).text;
    expect(text).toContain('odd');
    expect(text).not.toContain('`fake`');
  });

  test.each([
    ['?kind=power', (drivers: string[]) => expect(drivers).toContain('hmcz')],
    ['?drivers=fake', (drivers: string[]) => expect(drivers).toEqual(['fake'])],
    ['?having=operation.launch&proven=true&grade=live', (drivers: string[]) => expect(drivers).toEqual(['old.html'])],
    ['?having=operation.live-migrate', (drivers: string[]) => expect(drivers).toEqual(['fake', '<b>odd</b>'])],
  ])('%s finds what it names', async (query, check) => {
    check(driversOf(await api.ask(`/v1/features${query}`)));
  });

  test.each([
    ['?having=operation.fly', 404, 'RESOURCE_NOT_FOUND', 'operation.fly'],
    ['?drivers=nobody', 404, 'RESOURCE_NOT_FOUND', 'nobody'],
    ['?proven=perhaps', 400, 'REQUEST_INVALID', 'proven'],
    ['?colour=red', 400, 'REQUEST_INVALID', 'colour'],
  ])('%s is refused with its mistake, to programs and to people', async (query, status, code, mistake) => {
    expect(await api.ask(`/v1/features${query}`)).toMatchObject({ status, body: { code } });
    const page = await api.ask(`/v1/features.html${query}`);
    expect(page.status).toBe(status);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('cache-control')).toBe('no-store');
    for (const text of [code, mistake, 'Show the whole matrix']) expect(page.text).toContain(text);
  });

  test('for a driver that there is not names those that there are, whatever its ending', async () => {
    for (const name of ['nobody', 'nobody.md'])
      expect(await api.ask(`/v1/features/${name}`)).toMatchObject({
        status: 404,
        body: {
          code: 'RESOURCE_NOT_FOUND',
          message: expect.stringMatching(/no driver or power type nobody;.*old\.html/),
        },
      });
    expect((await api.ask('/v1/features/nobody.html')).text).toContain('there is no driver or power type nobody;');
  });

  test('with a host tells what it has now', async () => {
    expect((await api.ask('/v1/features/fake?host=site')).body).toMatchObject({ available: { host: 'site' } });
    expect((await api.ask('/v1/features/fake.html?host=site')).text).toContain('Now, on site');
    expect((await api.ask('/v1/features/fake.md?host=site')).text).toContain('## Now, on site');
  });
});

describe('the JSON schema', () => {
  test('is named by the answers, and they are as it says', async () => {
    const { headers, body: matrix } = await api.ask('/v1/features');
    const [, address = ''] = /^<([^>]+)>; rel="describedby"/.exec(headers.get('link') ?? '') ?? [];
    const { pathname } = new URL(address, 'http://service/v1/features');
    const { status, body: schema, headers: described } = await api.ask(pathname);
    expect({ status, pathname }).toEqual({ status: 200, pathname: '/v1/features/schema.json' });
    expect(described.get('etag')).toMatch(/^"/);

    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
    expect(ajv.validateSchema(schema)).toBe(true);
    const validate = ajv.addSchema(schema, 'matrix').getSchema('matrix');
    const validateDriver = ajv.getSchema('matrix#/$defs/driver');
    if (validate === undefined || validateDriver === undefined) throw new Error('there is no schema');
    expect([validate(matrix), validate.errors]).toEqual([true, null]);
    for (const path of ['/v1/features/old.html', '/v1/features/fake?host=site', '/v1/features/hmcz']) {
      const answer = await api.ask(path);
      expect(answer.headers.get('link')).toContain('schema.json#/$defs/driver>');
      expect([path, validateDriver(answer.body), validateDriver.errors]).toEqual([path, true, null]);
    }
    // It tells what is none.
    expect(validate({ ...matrix, schema_version: 2 })).toBe(false);
    expect(validate({ ...matrix, drivers: [{}] })).toBe(false);
    expect(validateDriver({ ...matrix })).toBe(false);
  });
});

describe('on an address that is not loopback', () => {
  let elsewhere: ApiBench;
  beforeAll(async () => {
    elsewhere = await ApiBench.start({ host: '0.0.0.0' });
  });
  afterAll(() => elsewhere.stop());

  test('nothing is shown without a token, and people are asked for one', async () => {
    for (const path of ['/v1/features', '/v1/features.md', '/v1/features/fake', '/v1/features/schema.json']) {
      const refused = await elsewhere.ask(path);
      expect(refused).toMatchObject({ status: 401, body: { statusCode: 401 } });
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="zenova"');
      expect({ path, status: (await elsewhere.ask(path, { as: 'read' })).status }).toEqual({ path, status: 200 });
    }
    for (const path of ['/v1/features.html', '/v1/features/fake.html', '/v1/features/nobody.html']) {
      const refused = await elsewhere.ask(path);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="zenova"');
      expect(refused.text).toContain('id="token-place"');
      expect(refused.text).not.toContain('data-feature');
    }
    expect((await elsewhere.ask('/v1/features.html', { as: 'read' })).text).toContain('data-feature');
  });
});
