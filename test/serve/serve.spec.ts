import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { silentLog } from '../../src/common/log.js';
import { loadConfig, parseSource, type Config } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { openJournal } from '../../src/journal/index.js';
import { serve } from '../../src/serve.js';
import { freePort } from '../../scripts/server/free-port.mjs';

let directory: string;
/** Stands where the broker or another web server would, and hangs up on everybody. */
let other: Server;
let port: number;
let connections: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-serve-'));
  connections = 0;
  other = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  port = (other.address() as AddressInfo).port;
});
afterEach(async () => {
  other.close();
  await once(other, 'close');
  rmSync(directory, { recursive: true });
});

function configuration(http: object, more: object = {}): Config {
  const written = {
    server: 'under-test',
    state_dir: directory,
    amqp: { url: `amqp://127.0.0.1:${port}`, drain_timeout_ms: 1000 },
    http,
    hosts: { site: { driver: 'fake' } },
    ...more,
  };
  const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
  return loadConfig(parseSource(JSON.stringify(written), 'a test'), { driverSettings, environment: {} });
}

/** Only one can have the journal. */
async function journalIsFree(): Promise<void> {
  const database = { file: join(directory, 'journal.db') };
  const journal = await openJournal(
    { database, keys: { key: null, keyFile: join(directory, 'secrets.key'), previousKeys: [] }, maxPerTarget: 1 },
    { clock: systemClock, log: silentLog },
  );
  await journal.close();
}

describe('serve', () => {
  it('gives everything back when it cannot be started, and has asked no broker for anything', async () => {
    await expect(serve(configuration({ port }), { log: silentLog })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`port ${port}`),
    });
    await journalIsFree();
    expect(connections).toBe(0);
  });

  it('gives everything back when seeds cannot be served', async () => {
    const seed = { bind: '127.0.0.1', port, public_url: 'http://127.0.0.1' };
    await expect(serve(configuration({ port: 0 }, { seed }), { log: silentLog })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('set seed.port'),
    });
    await journalIsFree();
  });

  it('serves seeds where the configuration says so, and counts who asks', async () => {
    const [web, seeds] = [await freePort(), await freePort()];
    const seed = { bind: '127.0.0.1', port: seeds, public_url: `http://127.0.0.1:${seeds}` };
    const service = await serve(configuration({ port: web }, { seed }), { log: silentLog });
    try {
      const answer = await fetch(`http://127.0.0.1:${seeds}/v1/seed/${'0'.repeat(32)}/user-data`);
      expect(answer.status).toBe(404);
      // Nothing else is there, and no seed on the other one.
      expect((await fetch(`http://127.0.0.1:${seeds}/healthz`)).status).toBe(404);
      expect((await fetch(`http://127.0.0.1:${web}/v1/seed/${'0'.repeat(32)}/user-data`)).status).toBe(404);
      const metrics = await (await fetch(`http://127.0.0.1:${web}/metrics`)).text();
      expect(metrics).toMatch(/^zenova_seed_requests_total\{outcome="unknown"\} 2$/m);
      expect(metrics).toMatch(/^zenova_seed_requests_total\{outcome="read"\} 0$/m);
    } finally {
      await service.stop();
    }
    await journalIsFree();
  });

  it('gives everything back when it is stopped, also when there never was a broker', async () => {
    const service = await serve(configuration({ port: 0 }), { log: silentLog });
    await service.stop();
    await journalIsFree();
    await service.stop();
  });
});
