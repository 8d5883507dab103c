import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import axios from 'axios';
import * as fc from 'fast-check';
import { Agent } from 'node:https';
import { HmcBench, smallInventory } from './hmc-bench.js';

describe('hostile input', () => {
  let bench: HmcBench;
  let session: string;

  beforeEach(async () => {
    bench = await HmcBench.start(smallInventory({ hmc: { max_body_bytes: 100_000 } }));
    session = await bench.client.logOn();
  });
  afterEach(async () => {
    try {
      // Whatever was done to it, it still works.
      session = await bench.client.logOn();
      expect((await bench.client.send('GET', '/api/console', { session })).status).toBe(200);
    } finally {
      await bench.stop();
    }
  });

  it.each([
    ['{"userid":', 400, 2],
    ['\u0000', 400, 2],
    [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 400, 2],
    ['', 400, 3],
    ['null', 400, 3],
    ['"text"', 400, 3],
    ['[]', 400, 3],
    ['{"__proto__":{"userid":"zenova","password":"secret-of-zenova"}}', 400, 5],
    ['['.repeat(40_000), 400, 2],
  ])('answers a logon body that is no logon (case %#)', async (raw, status, reason) => {
    const answer = await bench.client.send('POST', '/api/sessions', { raw });
    expect(answer.json).toMatchObject({ 'http-status': status, reason });
  });

  it('refuses a body that is too large, declared or not, without reading on for ever', async () => {
    const answer = await bench.client.send('POST', '/api/sessions', { raw: 'x'.repeat(200_000) });
    expect(answer.json).toMatchObject({ 'http-status': 413 });
    expect(answer.headers.connection).toBe('close');
    expect(bench.simulator.sessionCount()).toBe(1);
  });

  /** Writes bytes on a TLS connection and returns what comes back until it is closed. */
  const speak = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let heard = '';
      const socket = connect(
        { host: '127.0.0.1', port: bench.simulator.port, ca: bench.simulator.certificatePem },
        () => socket.write(bytes),
      );
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      socket.on('close', () => resolve(heard));
      socket.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' ? resolve(heard) : reject(error),
      );
    });

  it.each([
    'nonsense\r\n\r\n',
    'GET /api/version HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'GET /api/version HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    'GET /api/version HTTP/1.1\r\nHost: a\r\nX: \u0000\r\n\r\n',
  ])('answers what is not HTTP with an error and hangs up (case %#)', async (bytes) => {
    expect(await speak(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('drops who does not speak TLS', async () => {
    await new Promise<void>((resolve) => {
      const socket = connectPlain(bench.simulator.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  });

  it('forgets a caller that hangs up in the middle of its body', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(
        { host: '127.0.0.1', port: bench.simulator.port, ca: bench.simulator.certificatePem },
        () => {
          socket.write('POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"userid"', () =>
            socket.destroy(),
          );
        },
      );
      socket.on('close', () => resolve());
    });
    expect(bench.simulator.wireLog.count({ method: 'POST' })).toBe(1);
  });

  it('answers random paths, queries, methods and bodies with an HTTP error, never with a 500', async () => {
    const piece = fc.constantFrom(
      'api',
      'partitions',
      'cpcs',
      'jobs',
      'sessions',
      'this',
      '..',
      '%00',
      '%E0%A4%A',
      '',
      ':id',
      '__proto__',
      'operations',
      'start',
      'simulator',
      'faults',
    );
    const path = fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join('/')}`);
    const query = fc.constantFrom('', '?', '?name', '?name=(', '?name=%5C', '?properties=', '?a=b&&=', '?status=%');
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT');
    await fc.assert(
      fc.asyncProperty(method, path, query, fc.option(fc.jsonValue()), async (method, path, query, json) => {
        const answer = await bench.client.send(method, path + query, json === null ? { session } : { session, json });
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });

  it('serves axios as well', async () => {
    const httpsAgent = new Agent({ ca: bench.simulator.certificatePem });
    const { data } = await axios.get<unknown>(`${bench.simulator.url}/api/version`, { httpsAgent, proxy: false });
    expect(data).toMatchObject({ 'hmc-name': 'HMC1' });
    httpsAgent.destroy();
  });
});
