import { describe, expect, it } from '@jest/globals';
import { RecordingContext } from '../../../test/support/operation-context.js';
import { MemoryBreakers } from '../../../test/support/memory-breakers.js';
import { systemClock } from '../../common/clock.js';
import { silentLog } from '../../common/log.js';
import { fakeDriver } from './index.js';

const ports = { clock: systemClock, log: silentLog, breakers: new MemoryBreakers() };

describe('reconciling on the fake host', () => {
  it('tells a reboot that reached the instance from one that did not', async () => {
    const host = fakeDriver.open('site', { initial_state: 'running' }, ports);
    const ctx = new RecordingContext(systemClock);
    const target = await host.resolve(ctx, 'instance-0001');
    await ctx.beginStep({ name: 'reboot', description: 'rebooting', requestTimeoutMs: 1 });
    expect(await host.reconcile(ctx, { operation: 'reboot', params: {} }, target)).toEqual({ verdict: 'continue' });
    await host.operations.reboot?.(ctx, target, {});
    expect(await host.reconcile(ctx, { operation: 'reboot', params: {} }, target)).toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', state: { powerState: 'running' } },
    });
  });
});
