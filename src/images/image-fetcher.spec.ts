import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ImageFetcher, type ImageFetcherOptions } from './image-fetcher.js';

const BYTES = randomBytes(300_000);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

let root: string;
let servers: Server[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zenova-images-'));
  servers = [];
  mkdirSync(join(root, 'allowed'));
  writeFileSync(join(root, 'allowed', 'some image.iso'), BYTES);
  writeFileSync(join(root, 'secret.iso'), BYTES);
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(root, { recursive: true });
});

const fetcher = (changes: Partial<ImageFetcherOptions> = {}): ImageFetcher =>
  new ImageFetcher({
    folder: join(root, 'images'),
    fileFolders: [join(root, 'allowed')],
    maxBytes: 1_000_000,
    timeoutMs: 10_000,
    trust: { kind: 'system' },
    ...changes,
  });

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const left = (): string[] => readdirSync(join(root, 'images'));

function obtain(
  source: string,
  more: { checksum?: string; token?: string } = {},
  images = fetcher(),
  signal = new AbortController().signal,
) {
  return images.with({ signal }, { source, ...more }, (image) =>
    Promise.resolve({ ...image, holds: readFileSync(image.file), beside: readdirSync(image.workshop) }),
  );
}

describe('an image', () => {
  test('of a file is there while it is used, and no longer', async () => {
    const image = await obtain(`file:${join(root, 'allowed')}/some%20image.iso`, { checksum: `sha256:${SHA256}` });
    expect(image).toMatchObject({ bytes: BYTES.length, sha256: SHA256, beside: [] });
    expect(image.holds.equals(BYTES)).toBe(true);
    expect(left()).toEqual([]);
  });

  test('is removed when its use fails', async () => {
    const use = fetcher().with(
      { signal: new AbortController().signal },
      { source: `file:${join(root, 'allowed')}/some%20image.iso` },
      () => Promise.reject(new Error('no use')),
    );
    await expect(use).rejects.toThrow('no use');
    expect(left()).toEqual([]);
  });

  test('with another checksum is not used', async () => {
    const source = `file:${join(root, 'allowed')}/some%20image.iso`;
    const failure = obtain(source, { checksum: `sha256:${'0'.repeat(64)}` });
    await expect(failure).rejects.toMatchObject({ code: 'OPERATION_FAILED', retry: 'never', outcome: 'not-applied' });
    expect(left()).toEqual([]);
  });

  test('of a file elsewhere is refused, also behind a link or dots, and where nothing is allowed', async () => {
    symlinkSync(join(root, 'secret.iso'), join(root, 'allowed', 'link.iso'));
    for (const path of ['secret.iso', 'allowed/../secret.iso', 'allowed/link.iso', 'allowed/%2e%2e/secret.iso']) {
      await expect(obtain(`file:${root}/${path}`)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    const nothing = fetcher({ fileFolders: [] });
    await expect(obtain(`file:${root}/allowed/link.iso`, {}, nothing)).rejects.toThrow(/images.directories/);
  });

  test.each([
    'image',
    'ftp://127.0.0.1/a',
    'file:a/b',
    'file://host/a',
    'http://',
    'glance:host/1',
    'glance:https://h:1/',
  ])('at %s is refused', async (source) => {
    await expect(obtain(source)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('that is not there, in a file or on the web', async () => {
    const url = await serve((_request, answer) => answer.writeHead(404).end());
    await expect(obtain(`file:${root}/allowed/none`)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    await expect(obtain(`${url}/none`)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    await expect(obtain(`file:${root}/allowed/`)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test('of the web comes with the token, which no redirect takes to another server', async () => {
    const seen: (string | undefined)[] = [];
    const there = await serve((request, answer) => {
      seen.push(request.headers.authorization);
      answer.end(BYTES);
    });
    const here = await serve((request, answer) => {
      seen.push(request.headers.authorization);
      if (request.url === '/a') answer.writeHead(302, { location: '/b' }).end();
      else answer.writeHead(307, { location: `${there}/c` }).end();
    });
    await expect(obtain(`${here}/a`, { token: 'of-mine' })).resolves.toMatchObject({ sha256: SHA256 });
    expect(seen).toEqual(['Bearer of-mine', 'Bearer of-mine', undefined]);
  });

  test('of Glance is read from its file, with the token as Keystone gives it', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, answer) => {
      seen.push([request.url, request.headers['x-auth-token'], request.headers.authorization]);
      answer.end(BYTES);
    });
    await expect(obtain(`glance:${url}/image/0815`, { token: 'of-mine' })).resolves.toMatchObject({ sha256: SHA256 });
    expect(seen).toEqual([['/image/v2/images/0815/file', 'of-mine', undefined]]);
  });

  test('that is refused: the error holds neither the token nor the signature', async () => {
    const url = await serve((_request, answer) => answer.writeHead(403).end('of-mine'));
    const failure = await obtain(`${url}/a?signature=s3cr3t`, { token: 'of-mine' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'OPERATION_FAILED' });
    expect((failure as Error).message).toMatch(/\/a \(403\); the token/);
    expect(JSON.stringify(failure)).not.toMatch(/s3cr3t|of-mine/);
  });

  test('with endless redirects is given up', async () => {
    const url = await serve((_request, answer) => answer.writeHead(302, { location: '/' }).end());
    await expect(obtain(url)).rejects.toThrow(/more than 5 redirects/);
  });

  test.each([
    ['by what the server says', { 'content-length': '2000000' }],
    ['by what comes', {}],
  ])('that is too large is refused %s', async (_how, headers) => {
    const url = await serve((_request, answer) => {
      answer.writeHead(200, headers);
      answer.end(Buffer.alloc(2_000_000));
    });
    await expect(obtain(url)).rejects.toThrow(/larger than the 1000000 bytes/);
    expect(left()).toEqual([]);
  });

  test('that is cut off is not used', async () => {
    const url = await serve((_request, answer) => {
      answer.writeHead(200, { 'content-length': String(BYTES.length) });
      answer.write(BYTES.subarray(0, 1000), () => answer.destroy());
    });
    await expect(obtain(url)).rejects.toMatchObject({ code: 'OPERATION_FAILED', retry: 'safe' });
    expect(left()).toEqual([]);
  });

  test('that does not come in time is given up, and so is one that nobody wants any more', async () => {
    const url = await serve((_request, answer) => answer.writeHead(200).write('a'));
    await expect(obtain(url, {}, fetcher({ timeoutMs: 100 }))).rejects.toThrow(/not complete within/);
    const reason = new Error('nobody wants it');
    const stop = new AbortController();
    const fetched = obtain(url, {}, fetcher(), stop.signal);
    stop.abort(reason);
    await expect(fetched).rejects.toBe(reason);
    expect(left()).toEqual([]);
  });

  test('that a process left behind is removed by the next', async () => {
    const old = join(root, 'images', 'image-old');
    mkdirSync(old, { recursive: true });
    writeFileSync(join(old, 'image'), 'a');
    mkdirSync(join(root, 'images', 'image-new'));
    utimesSync(old, 1, 1);
    await obtain(`file:${root}/allowed/some%20image.iso`);
    expect(left()).toEqual(['image-new']);
  });
});
