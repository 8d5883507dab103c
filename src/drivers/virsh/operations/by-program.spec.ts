import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.js';
import { silentLog } from '../../../common/log.js';
import { targetKey } from '../../../common/ids.js';
import type { AskedChange, Target, VirtHost } from '../../../compute/contract/index.js';
import { VIRT_FEATURE_IDS } from '../../../features/index.js';
import { failureOf } from '../../../../test/support/failure-of.js';
import { MemoryBreakers } from '../../../../test/support/memory-breakers.js';
import { RecordingContext } from '../../../../test/support/operation-context.js';
import { noteAnswered } from '../../kit/index.js';
import { createVirsh } from '../index.js';

/** Operations that the page of the driver says are there by way of the program. */
const THERE =
  'powerOn powerOff queryPower reboot softOff reset setBootDevice pause unpause suspend resume adopt release'
    .concat(' listInstances getInfo getHostInfo testHost setMaintenance setEnabled')
    .split(' ');
/** What a move is found and looked after by. */
const LOOKS_AFTER = ['resolve', 'reconcile', 'abort'];
const target: Target = { key: targetKey('virsh', 'kvm1', 'web01'), id: 'web01', name: 'web01' };
const REFUSAL = { code: 'FEATURE_LIMITED', message: expect.stringContaining('give it way rpc') };

type Asked = (...args: unknown[]) => Promise<unknown>;

let host: VirtHost;
let ctx: RecordingContext;
beforeEach(() => {
  // Whatever is sent there fails in another way.
  const settings = { uri: 'qemu+ssh://kvm1.invalid/system', way: 'program' };
  const ports = { clock: systemClock, log: silentLog, breakers: new MemoryBreakers() };
  host = createVirsh().virtDriver.open('kvm1', settings, ports);
  ctx = new RecordingContext(systemClock);
});
afterEach(async () => {
  await host.close();
});

const others = (): [string, object][] =>
  Object.entries(host.operations as object).filter(([name]) => !THERE.includes(name)) as [string, object][];

/** The functions by which an operation begins, each with its name. */
function beginnings([name, operation]: [string, object]): [string, Asked][] {
  if (typeof operation === 'function') return [[name, operation as Asked]];
  const parts = Object.entries(operation).filter(([part]) => !LOOKS_AFTER.includes(part)) as [string, Asked][];
  return parts.map(([part, does]) => [`${name}.${part}`, does]);
}

describe('a host by way of the program', () => {
  test('has what its page says', () => {
    expect(Object.keys(host.operations)).toEqual(expect.arrayContaining(THERE));
    expect(others().length).toBeGreaterThan(25);
  });

  test('refuses all else before anything is sent, in run and in plan', async () => {
    const asked = others().flatMap(beginnings);
    for (const [name, does] of asked)
      expect([name, await failureOf(does(ctx, target, {}))]).toMatchObject([name, REFUSAL]);
    for (const [operation] of others()) {
      const plan = host.plan(ctx, { operation, params: {} } as AskedChange, target);
      expect(await failureOf(plan)).toMatchObject({ ...REFUSAL, outcome: 'not-started' });
    }
    expect(asked.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'unrescue',
        'revertResize',
        'confirmResize',
        'liveMigrate.run',
        'evacuate.plan',
        'evacuate.resolveHost',
      ]),
    );
    expect(ctx.begun).toEqual([]);
  });

  test('looks after what was begun by another way, and does not call it not begun', async () => {
    await ctx.beginStep({ name: 'destroy', description: 'stopping it', requestTimeoutMs: 1 });
    await noteAnswered(ctx, 'destroy', 'stop');
    const again = new RecordingContext(systemClock, ctx.checkpoints);
    const asked: AskedChange = { operation: 'unrescue', params: {} };
    expect(await host.reconcile(again, asked, target)).toEqual({ verdict: 'continue' });
    const { unrescue } = host.operations as unknown as Record<'unrescue', Asked>;
    expect(await failureOf(unrescue(again, target, {}))).toMatchObject({
      ...REFUSAL,
      outcome: 'unknown',
      retry: 'after-reconcile',
      message: expect.stringMatching(/begun by way rpc.*Carried out before: stop$/),
    });
    expect(again.begun).toEqual([]);
  });

  test('declares the same', async () => {
    const lacking = await host.lacking?.(ctx);
    expect(VIRT_FEATURE_IDS.filter((feature) => lacking?.has(feature) === false)).toEqual([
      'operation.maintenance-mode',
      'operation.get-guest-info',
      'operation.get-host-info',
      'operation.pause',
      'operation.reboot',
      'operation.resume',
      'operation.service-control',
      'operation.suspend',
      'operation.unpause',
    ]);
    for (const reason of lacking?.values() ?? []) expect(reason).toContain('way: program');
  });
});

test('a host by way of the protocol lacks nothing that is declared', () => {
  const ports = { clock: systemClock, log: silentLog, breakers: new MemoryBreakers() };
  const host = createVirsh().virtDriver.open('kvm1', { uri: 'qemu+ssh://kvm1.invalid/system' }, ports);
  expect(host.lacking).toBeUndefined();
});
