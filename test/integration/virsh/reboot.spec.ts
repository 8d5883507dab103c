import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { DomainState } from 'node-libvirt';
import { startLibvirtd, type Libvirtd } from '../../../scripts/libvirtd.mjs';
import { systemClock } from '../../../src/common/clock.js';
import type { TargetKey } from '../../../src/common/ids.js';
import { STEP_CHECKPOINT, type Target } from '../../../src/compute/contract/index.js';
import { pacingOf } from '../../../src/drivers/kit/index.js';
import { findDomain } from '../../../src/drivers/virsh/operations/find-domain.js';
import { placeAt } from '../../../src/drivers/virsh/operations/open-place.js';
import { powerWorks } from '../../../src/drivers/virsh/operations/power.operations.js';
import { rebootWork } from '../../../src/drivers/virsh/operations/reboot.js';
import type { VirshPlace } from '../../../src/drivers/virsh/operations/virsh-place.js';
import { accessOf, DEFAULT_PACING, VirshSettingsSchema } from '../../../src/drivers/virsh/virsh.settings.js';
import { RecordingContext } from '../../support/operation-context.js';
import { Died, dyingAt } from '../../support/dying.js';
import { SettledClock } from '../../support/settled-clock.js';
import { LinkBench, testUri } from './link-bench.js';

const soft = { type: 'soft' } as const;
const context = (earlier?: RecordingContext) => new RecordingContext(systemClock, earlier?.checkpoints);
let daemon: Libvirtd;
let place: VirshPlace;
let target: Target;
const links = new LinkBench();

beforeAll(async () => {
  daemon = await startLibvirtd();
  const uri = testUri(daemon);
  const settings = VirshSettingsSchema.parse({ uri, poll: { initial_ms: 50, max_ms: 250 } });
  const { link } = links.hold({ uri });
  place = placeAt(accessOf(settings), () => link, pacingOf(settings));
  const { uuid: id, name } = await findDomain(context(), place, 'test');
  target = { key: `virsh:test:${id}` as TargetKey, id, name };
});
afterAll(async () => {
  await links.stop();
  await daemon.stop();
});
afterEach(async () => {
  await powerWorks(place).powerOn.run(context(), target, {});
});

const isRunning = async () =>
  (await place.domains(context()).status(target.id)).state === DomainState.VIR_DOMAIN_RUNNING;
const run = (ctx: RecordingContext) => rebootWork(place).run(ctx, target, soft);
/** What a worker that has died had sent was answered, or was never sent. */
const settled = () => new SettledClock(DEFAULT_PACING.requestTimeoutMs);
const reconcile = ({ checkpoints }: RecordingContext, clock = settled()) =>
  rebootWork(place).reconcile(new RecordingContext(clock, checkpoints), target, soft);

describe('a soft reboot whose worker dies', () => {
  test.each([
    ['before the guest is asked', STEP_CHECKPOINT, 1, true, ['ask-shutdown', 'start']],
    ['when the guest was asked and goes down', 'answered', 1, false, ['start']],
    ['before it is started', STEP_CHECKPOINT, 2, false, ['start']],
  ] as const)('%s goes on, and starts it once', async (_when, checkpoint, count, runs, left) => {
    const first = dyingAt(context(), checkpoint, count);
    await expect(run(first)).rejects.toThrow(Died);
    await expect(isRunning()).resolves.toBe(runs);
    const clock = settled();
    await expect(reconcile(first, clock)).resolves.toEqual({ verdict: 'continue' });
    // What may be on its way still is waited for.
    expect(clock.outlasted).toBe(checkpoint === STEP_CHECKPOINT ? 1 : 0);
    const second = context(first);
    await expect(run(second)).resolves.toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(second.begun).toEqual(left);
    await expect(reconcile(second)).resolves.toMatchObject({ verdict: 'concluded', result: { outcome: 'done' } });
  });

  test('after the start is over, and nothing more is sent', async () => {
    const first = dyingAt(context(), 'answered', 2);
    await expect(run(first)).rejects.toThrow(Died);
    await expect(reconcile(first)).resolves.toMatchObject({ verdict: 'concluded', result: { outcome: 'done' } });
  });

  test('before it is started does not stop what somebody else has started meanwhile', async () => {
    const first = dyingAt(context(), STEP_CHECKPOINT, 2);
    await expect(run(first)).rejects.toThrow(Died);
    await powerWorks(place).powerOn.run(context(), target, {});
    const second = context(first);
    await expect(run(second)).resolves.toMatchObject({ outcome: 'done' });
    expect(second.begun).toEqual([]);
  });
});

test('a soft reboot that is cancelled once the guest was asked begins nothing more', async () => {
  const ctx = context();
  const asked = ctx.whenLeft('answered');
  const end = expect(run(ctx)).rejects.toThrow('cancelled');
  await asked;
  ctx.abort(new Error('cancelled'));
  await end;
  expect(ctx.begun).toEqual(['ask-shutdown']);
  await expect(isRunning()).resolves.toBe(false);
  // Nothing is concluded of what is only half done.
  await expect(reconcile(ctx)).resolves.toEqual({ verdict: 'continue' });
});

test('a guest that ends again before anybody has looked is told of, and is not started anew', async () => {
  const ctx = context();
  const leave = ctx.checkpoint.bind(ctx);
  ctx.checkpoint = async (name, data) => {
    await leave(name, data);
    if (name === 'answered' && ctx.begun.at(-1) === 'start')
      await place.domains(context()).destroy(target.id, DEFAULT_PACING.requestTimeoutMs);
  };
  await expect(run(ctx)).rejects.toMatchObject({
    code: 'OPERATION_FAILED',
    message: expect.stringContaining('was started and has ended again by itself (shut off'),
  });
  expect(ctx.begun).toEqual(['ask-shutdown', 'start']);
});
