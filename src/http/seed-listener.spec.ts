import { createConnection } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../common/clock.js';
import { silentLog } from '../common/log.js';
import type { SeedContent, SeedFile } from '../compute/contract/index.js';
import { eventually } from '../../test/support/eventually.js';
import { SeedListener } from './seed-listener.js';

const TOKEN = '0123456789abcdef0123456789abcdef';
/** More than the buffers of both ends take. */
const LARGE = 'x'.repeat(64 << 20);
const CONTENT: SeedContent = { 'meta-data': 'm', 'user-data': LARGE, 'vendor-data': 'v', 'network-config': '' };

describe('a listener for seeds', () => {
  let listener: SeedListener | undefined;
  afterEach(() => listener?.close());

  async function start(): Promise<{ port: number; read: SeedFile[]; counts: SeedListener['counts'] }> {
    const read: SeedFile[] = [];
    const source = {
      find: (token: string) => Promise.resolve(token === TOKEN ? CONTENT : undefined),
      noteRead: (_token: string, file: SeedFile) => Promise.resolve(read.push(file) === 4),
    };
    listener = await SeedListener.start({ bind: '127.0.0.1', port: 0 }, source, { clock: systemClock, log: silentLog });
    return { port: listener.port, read, counts: listener.counts };
  }

  it('does not take for read what a guest gave up before its end', async () => {
    const { port, read, counts } = await start();
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.write(`GET /v1/seed/${TOKEN}/user-data HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    socket.read(1);
    socket.resetAndDestroy();
    await eventually(
      () => counts.broken === 1,
      () => JSON.stringify(counts),
    );
    expect(read).toEqual([]);
    const whole = await fetch(`http://127.0.0.1:${port}/v1/seed/${TOKEN}/user-data`);
    expect((await whole.text()).length).toBe(LARGE.length);
    await eventually(() => read.length === 1, 'it to be noted');
    expect(counts).toMatchObject({ broken: 1, read: 1 });
  });

  it('has an answer for a file that is empty, so that a guest does not ask for it again and again', async () => {
    const { port, read } = await start();
    const answer = await fetch(`http://127.0.0.1:${port}/v1/seed/${TOKEN}/network-config`);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    await eventually(() => read.includes('network-config'), 'it to be noted');
  });

  it('says which address it could not have', async () => {
    const { port } = await start();
    const source = { find: () => Promise.resolve(undefined), noteRead: () => Promise.resolve(false) };
    const second = SeedListener.start({ bind: '127.0.0.1', port }, source, { clock: systemClock, log: silentLog });
    await expect(second).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(`port ${port}: another process listens there; set seed.port`),
    });
  });
});
