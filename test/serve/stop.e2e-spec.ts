import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { silentLog } from '../../src/common/log.js';
import { loadConfig, parseSource } from '../../src/config/index.js';
import { VIRT_DRIVERS } from '../../src/drivers/driver-registry.js';
import { serve } from '../../src/serve.js';
import { Operator, namesOf } from '../support/amqp-clients.js';
import { sharedBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../../scripts/server/free-port.mjs';

const TOKEN = 'canary-token-of-the-stop';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('a service that stops takes nothing more from the broker, while HTTP waits for what runs', async () => {
  const broker = await sharedBroker();
  cleanups.push(() => broker.stop());
  const directory = mkdtempSync(join(tmpdir(), 'zenova-stop-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const run = `stop-${randomBytes(6).toString('hex')}`;
  const names = namesOf(run);
  const port = await freePort();
  const written = {
    server: run,
    group: run,
    state_dir: directory,
    amqp: { url: broker.url, dead_queue: names.deadQueue, events_exchange: names.eventsExchange },
    http: { port, token: { env: 'HTTP_TOKEN' } },
    hosts: { site: { driver: 'fake', settings: { change_delay_ms: 10_000 } } },
  };
  const driverSettings = new Map(VIRT_DRIVERS.map(({ name, settings }) => [name, settings]));
  const source = parseSource(JSON.stringify(written), 'a test'); // JSON is YAML
  const config = loadConfig(source, { driverSettings, environment: { HTTP_TOKEN: TOKEN } });
  const service = await serve(config, { log: silentLog });
  await service.ready(AbortSignal.timeout(60_000));
  const operator = await Operator.connect(broker.url);
  cleanups.push(async () => {
    await service.stop();
    await operator.remove(names);
    await operator.close();
  });
  await operator.counted(names.groupQueue, { consumers: 1 });

  let isAnswered = false;
  const asked = fetch(`http://127.0.0.1:${port}/v1/rpc/power.on`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ host: 'site', instance: 'instance-0001' }),
  }).finally(() => {
    isAnswered = true;
  });
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/operations?state=running`);
    return ((await answer.json()) as { operations: unknown[] }).operations.length === 1;
  }, 'it to run');
  const stopped = service.stop();
  await operator.counted(names.groupQueue, { consumers: 0 });
  expect(isAnswered).toBe(false);
  expect((await asked).status).toBe(200);
  await stopped;
});
