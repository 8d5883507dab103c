import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { failureOf } from '../../test/support/failure-of.js';
import { ImageFetcher } from './image-fetcher.js';

const BYTES = randomBytes(300_000);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

let root: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zenova-put-'));
  mkdirSync(join(root, 'allowed'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  rmSync(root, { recursive: true });
});

const at = (name: string): string => join(root, 'allowed', name);

async function put(url: string, { token = undefined as string | undefined, bytes = BYTES } = {}) {
  const images = new ImageFetcher({
    folder: join(root, 'images'),
    fileFolders: [join(root, 'allowed')],
    maxBytes: 1_000_000,
    timeoutMs: 10_000,
    trust: { kind: 'system' },
  });
  const { signal } = new AbortController();
  return await images.put({ signal }, { url, token }, async (workshop) => {
    const file = join(workshop, 'made');
    await writeFile(file, bytes);
    return file;
  });
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A server that keeps what it gets, and answers with this. */
async function taking(status: number, has?: Buffer): Promise<{ url: string; sent: Sent[] }> {
  const sent: Sent[] = [];
  const made = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.once('end', () => {
      const { method = '', url = '', headers } = request;
      sent.push({ method, path: url, headers, body: Buffer.concat(pieces) });
      if (method === 'GET') response.writeHead(has === undefined ? 404 : 200).end(has);
      else response.writeHead(status).end();
    });
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, sent };
}

describe('an image is put', () => {
  test('into a file, whole, and nothing else is left', async () => {
    expect(await put(`file:${at('new%20one.img')}`)).toEqual({
      bytes: BYTES.length,
      sha256: SHA256,
      shown: `file:${at('new one.img')}`,
      isAlready: false,
    });
    expect(readFileSync(at('new one.img')).equals(BYTES)).toBe(true);
    expect(readdirSync(join(root, 'allowed'))).toEqual(['new one.img']);
    expect(readdirSync(join(root, 'images'))).toEqual([]);
  });

  test('into a file that has it already, which stays as it is', async () => {
    await put(`file:${at('image')}`);
    expect(await put(`file:${at('image')}`)).toMatchObject({ isAlready: true });
  });

  test('into no file of another', async () => {
    writeFileSync(at('image'), 'another');
    expect(await failureOf(put(`file:${at('image')}`))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(readFileSync(at('image'), 'utf8')).toBe('another');
    expect(readdirSync(join(root, 'allowed'))).toEqual(['image']);
  });

  test('into no file elsewhere, also behind a link or dots', async () => {
    mkdirSync(join(root, 'secret'));
    symlinkSync(join(root, 'secret'), at('link'));
    for (const path of [join(root, 'secret', 'x'), `${at('..')}/secret/x`, at('link/x')]) {
      expect(await failureOf(put(`file:${path}`))).toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(readdirSync(join(root, 'secret'))).toEqual([]);
    expect(await failureOf(put(`file:${at('none/x')}`))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  test('to a server, with a token', async () => {
    const { url, sent } = await taking(201);
    expect(await put(`${url}/images/a?sig=canary`, { token: 'secret' })).toMatchObject({
      shown: `${url}/images/a`,
      isAlready: false,
    });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ method: 'PUT', path: '/images/a?sig=canary' });
    expect(sent[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-length': String(BYTES.length),
      'content-type': 'application/octet-stream',
    });
    expect(sent[0]?.body.equals(BYTES)).toBe(true);
  });

  test('to Glance, as the data of an image that is waiting for them', async () => {
    const { url, sent } = await taking(204);
    await put(`glance:${url}/7f3a`, { token: 'secret' });
    expect(sent[0]).toMatchObject({ method: 'PUT', path: '/v2/images/7f3a/file' });
    expect(sent[0]?.headers).toMatchObject({ 'x-auth-token': 'secret' });
  });

  test('once: what a server has and keeps is looked at', async () => {
    const { url } = await taking(409, BYTES);
    expect(await put(`glance:${url}/7f3a`)).toMatchObject({ isAlready: true });
    expect(await failureOf(put(`glance:${url}/7f3a`, { bytes: randomBytes(512) }))).toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  test.each([
    [403, 'OPERATION_FAILED', 'token is missing, wrong'],
    [404, 'RESOURCE_NOT_FOUND', 'no image at'],
    [413, 'OPERATION_FAILED', 'too large'],
    [307, 'OPERATION_FAILED', 'answered 307'],
    [500, 'OPERATION_FAILED', 'answered 500'],
  ])('to no server that answers %i', async (status, code, text) => {
    const { url } = await taking(status);
    const failure = await failureOf(put(`${url}/a?sig=canary`, { token: 'canary' }));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toContain(text);
    expect(failure.message).not.toContain('canary');
  });
});
