import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { STEP_CHECKPOINT, type Checkpoint, type PowerChangeName } from '../../../src/compute/contract/index.js';
import { eventually } from '../../support/eventually.js';
import { TOKEN, WebhookBench, change, failureOf } from './webhook-bench.js';

let bench: WebhookBench;
beforeEach(async () => {
  bench = await WebhookBench.start();
});
afterEach(async () => {
  await bench.stop();
});

const SECONDS_AGO = 10_000;
const begun = (step: 'on' | 'off', agoMs = 0): Checkpoint => ({
  name: STEP_CHECKPOINT,
  data: { step, request_timeout_ms: 20 },
  at: Date.now() - agoMs,
});
const accepted = (step: 'on' | 'off'): Checkpoint => ({ name: 'accepted', data: { step }, at: Date.now() });

async function reconcile(name: string, verb: PowerChangeName, checkpoints: readonly Checkpoint[]) {
  const machine = bench.machine(name);
  const ctx = bench.context(checkpoints);
  return await machine.reconcile(ctx, verb, await machine.resolve(ctx), {});
}

test('what was never begun may begin', async () => {
  await expect(reconcile('off', 'powerOn', [])).resolves.toEqual({ verdict: 'continue' });
});

test('what shows is done', async () => {
  await expect(reconcile('on', 'powerOn', [begun('on')])).resolves.toMatchObject({
    verdict: 'concluded',
    result: { outcome: 'done', state: { powerState: 'running' } },
  });
});

test('what was sent before the end and takes its time is waited for, not sent again', async () => {
  const machine = bench.machine('off');
  const ctx = bench.context();
  const running = change(machine, 'powerOn', ctx);
  await eventually(() => ctx.checkpoints.some(({ name }) => name === 'accepted'), 'the command to be accepted');
  ctx.abort(new Error('killed'));
  await running.catch(() => undefined);
  await expect(reconcile('off', 'powerOn', ctx.checkpoints)).resolves.toMatchObject({ verdict: 'concluded' });
  expect(bench.posts()).toHaveLength(1);
});

const firstLook = () => eventually(() => bench.simulator.wireLog.count({ executed: true }) > 0, 'the first look');

test.each([
  ['was sent', [begun('on', SECONDS_AGO)]],
  ['was accepted', [begun('on', SECONDS_AGO), accepted('on')]],
])('what %s has its time from when it is looked for, whatever the clock says when that was', async (_, checkpoints) => {
  const found = reconcile('off', 'powerOn', checkpoints);
  await firstLook();
  bench.simulator.setState('off', 'running');
  await expect(found).resolves.toMatchObject({ verdict: 'concluded', result: { state: { powerState: 'running' } } });
});

test('that something does not show is believed of a look that began when its time was over', async () => {
  await bench.stop();
  bench = await WebhookBench.start({ token: TOKEN }, { verifyTimeoutMs: 20 });
  bench.simulator.fault({ kind: 'slow', when: 'after', delay_ms: 300 });
  const found = reconcile('off', 'powerOn', [begun('on'), accepted('on')]);
  await firstLook();
  bench.simulator.setState('off', 'running');
  await expect(found).resolves.toMatchObject({ verdict: 'concluded' });
});

test('what may have been sent and does not show is unknown, since the webhook may be a button', async () => {
  await expect(reconcile('off', 'powerOn', [begun('on', SECONDS_AGO)])).resolves.toMatchObject({ verdict: 'unknown' });
  expect(bench.posts()).toEqual([]);
});

test('what was accepted and does not show has failed', async () => {
  const found = await reconcile('off', 'powerOn', [begun('on', SECONDS_AGO), accepted('on')]);
  expect(found).toMatchObject({ verdict: 'failed', error: { code: 'OPERATION_FAILED' } });
});

test('what was accepted and cannot be seen is done, with the state unknown', async () => {
  bench.simulator.fault({ kind: 'other-text', text: 'no idea', times: 'always' });
  const found = await reconcile('off', 'powerOn', [begun('on', SECONDS_AGO), accepted('on')]);
  expect(found).toMatchObject({ verdict: 'concluded', result: { state: { powerState: 'nostate' } } });
});

test('a cycle goes on after its off has come', async () => {
  const checkpoints = [begun('off', SECONDS_AGO), accepted('off')];
  await expect(reconcile('off', 'cycle', checkpoints)).resolves.toEqual({ verdict: 'continue' });
  const ctx = bench.context(checkpoints);
  await expect(change(bench.machine('off'), 'cycle', ctx)).resolves.toMatchObject({ outcome: 'done' });
  expect(ctx.begun).toEqual(['on']);
});

test('a cycle whose off does not show is unknown', async () => {
  const found = await reconcile('on', 'cycle', [begun('off', SECONDS_AGO), accepted('off')]);
  expect(found).toMatchObject({ verdict: 'unknown' });
});

test('a webhook that says nothing is asked again by whoever asks', async () => {
  bench.simulator.fault({ kind: 'error', status: 503, times: 'always' });
  expect(await failureOf(reconcile('off', 'powerOn', [begun('on', SECONDS_AGO)]))).toMatchObject({
    code: 'BACKEND_BUSY',
  });
});
