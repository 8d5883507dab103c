import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBroker, type Broker } from '../support/broker.js';

/** `npm test` builds it first. */
const DEMO = resolve(import.meta.dirname, '../../dist/demo/main.js');

describe('npm run demo', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.stop());

  it('plays its tour to the end, says nothing else, and leaves no queue behind', async () => {
    const child = spawn(process.execPath, [DEMO], { env: { ...process.env, ZENOVA_AMQP_URL: broker.url } });
    const [told, complaints, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    expect(complaints).toBe('');
    expect(status).toBe(0);
    expect(told).toMatch(/^hmc-dpm .*: [1-9]\d* \w+/m);
    expect(told.trimEnd().split('\n').at(-1)).toMatch(/^That was the tour\./);
    expect(await broker.ctl('list_queues', 'name', '--no-table-headers')).toBe('');
  });
});
