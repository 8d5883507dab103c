import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ComputeError } from '../../src/common/errors/index.js';
import { targetKey } from '../../src/common/ids.js';
import { definePowerType, type ChangeOperation } from '../../src/compute/contract/index.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import { complete, missing } from '../../src/features/index.js';
import { ComputeBench } from '../support/compute-bench.js';
import { ScriptedDriver } from '../support/scripted-driver.js';

let bench: ComputeBench;
let scripted: ScriptedDriver;
let switched: string[];
const no = missing('not in this test');

/** Reaches the fake host's instances past the host, as whoever has a password can. */
const backDoor = definePowerType({
  name: 'back-door',
  title: 'Back door',
  description: 'Instances of the fake driver by their ids.',
  queryable: false,
  parameters: [],
  features: {
    'power.on': complete,
    'power.off': complete,
    'power.soft-off': no,
    'power.cycle': no,
    'power.reset': no,
    'power.query': no,
    'power.pxe-next-boot': no,
    'power.chassis': no,
    'power.error-reporting': no,
    'power.enlistment': no,
  },
  schema: z.strictObject({ id: z.string(), name: z.string() }),
  open: () => ({
    machine({ id, name }) {
      const change: ChangeOperation = (ctx) => {
        switched.push(name);
        const state = { powerState: 'shutdown', transition: null, nativeState: 'off' } as const;
        return Promise.resolve({ outcome: 'done', state: { ...state, observedAt: ctx.clock.now() } });
      };
      const key = targetKey('fake', 'site', id);
      return {
        controller: 'anywhere',
        label: name,
        verbs: { powerOn: change, powerOff: change },
        resolve: () => Promise.resolve({ key, id, name }),
        provisionalKey: () => key,
        plan: () => Promise.resolve([]),
        reconcile: () => Promise.resolve({ verdict: 'continue' }),
      };
    },
    close: () => Promise.resolve(),
  }),
});

beforeEach(async () => {
  switched = [];
  scripted = new ScriptedDriver(fakeDriver);
  bench = await ComputeBench.start({
    drivers: [scripted.driver],
    powerTypes: [backDoor],
    hosts: [{ name: 'site', driver: 'fake', settings: {}, manage: [], protect: ['instance-0001'], protectSelf: true }],
  });
});
afterEach(() => bench.discard());

async function switchOff(name: string, id?: string): Promise<unknown> {
  const found = await bench.call('compute.get_info', { host: 'site', instance: name });
  return bench.call('power.off', { power_type: 'back-door', power_parameters: { id: id ?? String(found.id), name } });
}

describe('a machine given with its own credentials', () => {
  it('may be changed, unless a host of the configuration protects it', async () => {
    await expect(switchOff('instance-0001')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      outcome: 'not-started',
      details: { reason: 'protected', host: 'site' },
    });
    await switchOff('instance-0002');
    expect(switched).toEqual(['instance-0002']);
  });

  it('is not protected by the name of another', async () => {
    await switchOff('instance-0001', 'of-another-machine');
    expect(switched).toEqual(['instance-0001']);
  });

  it('is left alone while it cannot be found out whether it is protected', async () => {
    scripted.beforeResolve = () => Promise.reject(new ComputeError('BACKEND_AUTH_FAILED', 'refused'));
    await expect(switchOff('instance-0001')).rejects.toMatchObject({
      code: 'BACKEND_AUTH_FAILED',
      outcome: 'not-started',
      message: expect.stringContaining('protected by host site'),
    });
    scripted.beforeResolve = () => Promise.reject(new ComputeError('BACKEND_UNREACHABLE', 'away'));
    await expect(switchOff('instance-0001')).rejects.toMatchObject({ code: 'BACKEND_UNREACHABLE' });
    // No name of this one is protected, so nobody is asked.
    await switchOff('instance-0002');
    expect(switched).toEqual(['instance-0002']);
  });
});
