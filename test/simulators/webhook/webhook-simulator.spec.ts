import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../../../src/simulators/hmc/index.js';
import {
  WebhookSimulator,
  webhookInventoryJsonSchema,
  type WebhookInventoryInput,
} from '../../../src/simulators/webhook/index.js';

let simulator: WebhookSimulator | undefined;
afterEach(async () => {
  await simulator?.stop();
  simulator = undefined;
});

async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const answer = await fetch(`${simulator?.url}${path}`, { method, headers });
  return [answer.status, (await answer.text()).trim()];
}

test('machines take their time, and turn around on the way', async () => {
  const clock = new VirtualClock();
  const inventory = { machines: [{ name: 'a', start_ms: 1000, stop_ms: 1000 }] };
  simulator = await WebhookSimulator.start({ inventory, port: 0, clock });
  expect(await ask('GET', '/machines/a/status')).toEqual([200, 'status : stopped']);
  expect(await ask('POST', '/machines/a/on')).toEqual([200, 'status : starting']);
  clock.advance(500);
  await ask('POST', '/machines/a/on');
  clock.advance(500);
  expect(simulator.state('a')).toBe('running');
  await ask('POST', '/machines/a/off');
  expect(await ask('POST', '/machines/a/on/')).toEqual([200, 'status : starting']);
  clock.advance(1000);
  expect(simulator.state('a')).toBe('running');
  expect(await ask('PUT', '/machines/a/on')).toEqual([405, 'not allowed']);
  expect(await ask('GET', '/machines/b/status')).toEqual([404, 'not found']);
});

test('the example is one, its token is asked for, and recorded nowhere', async () => {
  simulator = await WebhookSimulator.start({ inventoryFile: 'simulators/webhook/rack.yaml', port: 0 });
  expect((await ask('GET', '/machines/node2/status'))[0]).toBe(401);
  const authorization = 'Bearer webhook-simulator';
  expect(await ask('GET', '/machines/node2/status', { authorization })).toEqual([200, 'status : running']);
  expect(JSON.stringify(simulator.wireLog.entries())).not.toContain('webhook-simulator');
  expect(simulator.wireLog.entries()[1]).toMatchObject({ user: 'bearer', subject: 'node2', status: 200 });
});

test.each<[WebhookInventoryInput, string]>([
  [{ machines: [] }, 'machines'],
  [{ machines: [{ name: 'a' }, { name: 'a' }] }, 'machines[1].name: the name "a" is taken already'],
  [{ machines: [{ name: 'a/b' }] }, 'machines[0].name: may hold letters'],
  [{ machines: [{ name: 'a' }], server: { user: 'u' } }, 'server: has one of user and password'],
])('an inventory with a mistake is refused with its place', async (inventory, message) => {
  await expect(WebhookSimulator.start({ inventory, port: 0 })).rejects.toThrow(message);
});

test('the schema for editors is that of today', async () => {
  const kept: unknown = JSON.parse(await readFile('simulators/webhook/inventory.schema.json', 'utf8'));
  expect(kept).toEqual(JSON.parse(JSON.stringify(webhookInventoryJsonSchema())));
});
