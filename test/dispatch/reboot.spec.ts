import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeEstate, createFakeDriver } from '../../src/drivers/fake/index.js';
import { ComputeBench } from '../support/compute-bench.js';

const guest = { host: 'site', instance: 'guest' };
let bench: ComputeBench;
beforeEach(async () => {
  bench = await ComputeBench.start({
    drivers: [createFakeDriver(new FakeEstate())],
    hosts: [
      {
        name: 'site',
        driver: 'fake',
        settings: { instances: 0, names: ['guest'], initial_state: 'running' },
        manage: undefined,
        protect: [],
        protectSelf: true,
      },
    ],
  });
});
afterEach(() => bench.discard());

const reboot = (more: object) => bench.call('compute.reboot', { ...guest, ...more });

describe('compute.reboot', () => {
  it.each([{}, { type: 'hard' }, { type: 'soft' }, { type: 'soft', within_s: 5, force: true }])(
    'with %j starts what it has stopped',
    async (how) => {
      await expect(reboot({ ...how, plan: true })).resolves.toMatchObject({ outcome: 'planned' });
      await expect(reboot(how)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      await bench.call('compute.power_off', guest);
      await expect(reboot(how)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
    },
  );

  it('asks no guest that hears nothing, unless it is forced to', async () => {
    await bench.call('compute.pause', guest);
    await expect(reboot({ type: 'soft' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(reboot({ type: 'soft', plan: true })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(reboot({ type: 'soft', force: true })).resolves.toMatchObject({ power_state: 'running' });
  });

  it.each([
    { type: 'gentle' },
    { within_s: 5 },
    { force: true },
    { type: 'hard', force: false },
    { type: 'soft', within_s: 0 },
  ])('refuses %j', async (how) => {
    await expect(reboot(how)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});
