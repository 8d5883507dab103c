import { ComputeError } from '../../../src/common/errors/index.js';
import type { CallContext } from '../../../src/compute/contract/index.js';
import type { InstancePowerState } from '../../../src/compute/state/power-state.js';
import { fakeFixture } from '../fixtures/fake.fixture.js';
import { hosting, operating, there, truth, type BrokenDriver } from './broken-driver.js';

/** An observation that says what it likes. */
function pretended(ctx: CallContext, powerState: InstancePowerState) {
  return { powerState, transition: null, nativeState: powerState, observedAt: ctx.clock.now() };
}

/** Operations on instances that do not do what they say. */
export const brokenInstances: readonly BrokenDriver[] = [
  {
    name: 'claims to have paused, and does nothing',
    fixture: fakeFixture({
      driver: operating(() => ({ pause: async (ctx) => ({ outcome: 'done', state: pretended(ctx, 'paused') }) })),
    }),
    caught: {
      'operation.pause/effect': 'no-effect',
      'operation.pause/again': 'wrong-answer',
      'operation.pause/wrong-state': 'not-refused',
    },
    levels: { 'operation.pause': 'above' },
  },
  {
    name: 'tells of a silent success: it does nothing, and answers the state that is',
    fixture: fakeFixture({
      driver: operating(({ site }) => ({
        suspend: async (ctx, { id }) => ({ outcome: 'done', state: truth(site, ctx, id) }),
      })),
    }),
    caught: {
      'operation.suspend/effect': 'no-effect',
      'operation.suspend/again': 'wrong-answer',
      'operation.suspend/wrong-state': 'not-refused',
    },
    levels: { 'operation.suspend': 'above' },
  },
  {
    name: 'says that it was so already, and does nothing',
    fixture: fakeFixture({
      driver: operating(() => ({ resume: async (ctx) => ({ outcome: 'already', state: pretended(ctx, 'running') }) })),
    }),
    caught: { 'operation.resume/effect': 'no-effect', 'operation.resume/wrong-state': 'not-refused' },
  },
  {
    name: 'pauses where it should suspend',
    fixture: fakeFixture({ driver: operating(({ operations }) => ({ suspend: there(operations.pause) })) }),
    caught: {
      'operation.suspend/effect': 'wrong-effect',
      // What is suspended cannot be paused.
      'operation.suspend/again': 'failure',
    },
  },
  {
    name: 'pauses, and answers the state before',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => ({
        pause: async (ctx, target, params) => {
          const before = truth(site, ctx, target.id);
          return { ...(await there(operations.pause)(ctx, target, params)), state: before };
        },
      })),
    }),
    caught: { 'operation.pause/effect': 'wrong-answer' },
  },
  {
    name: 'pauses, and says that it was so already',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        pause: async (ctx, target, params) => ({
          ...(await there(operations.pause)(ctx, target, params)),
          outcome: 'already',
        }),
      })),
    }),
    caught: { 'operation.pause/effect': 'wrong-answer' },
  },
  {
    name: 'starts what runs anew instead of leaving it alone',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        powerOn: async (ctx, target, params) => {
          if ((await operations.queryPower(ctx, target.id)).powerState === 'running')
            await operations.powerOff(ctx, target, params);
          return operations.powerOn(ctx, target, params);
        },
      })),
    }),
    caught: { 'operation.get-guest-info/power-on-again': 'needless-change' },
  },
  {
    name: 'pauses what is shut down, by starting it first',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => ({
        pause: async (ctx, target, params) => {
          if (site.find(target.id).state === 'shutdown') await operations.powerOn(ctx, target, params);
          return there(operations.pause)(ctx, target, params);
        },
      })),
    }),
    caught: { 'operation.pause/wrong-state': 'not-refused' },
  },
  {
    name: 'starts what is shut down, and then refuses to pause it',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => ({
        pause: async (ctx, target, params) => {
          if (site.find(target.id).state !== 'shutdown') return there(operations.pause)(ctx, target, params);
          await operations.powerOn(ctx, target, params);
          throw new ComputeError('STATE_CONFLICT', 'it was shut down');
        },
      })),
    }),
    caught: { 'operation.pause/wrong-state': 'needless-change' },
  },
  {
    name: 'refuses a wrong state as if the backend had failed',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        unpause: async (ctx, target, params) => {
          try {
            return await there(operations.unpause)(ctx, target, params);
          } catch (error) {
            throw new ComputeError('BACKEND_REJECTED', 'it does not want to', { cause: error });
          }
        },
      })),
    }),
    caught: { 'operation.unpause/wrong-state': 'wrong-error' },
  },
  {
    name: 'pauses another instance than the one that is named',
    fixture: fakeFixture({
      driver: operating(({ operations, site, host }) => ({
        pause: async (ctx, { id }, params) => {
          const other = there(site.all().find((instance) => instance.id !== id));
          other.state = 'running';
          return there(operations.pause)(ctx, await host.resolve(ctx, other.id), params);
        },
      })),
    }),
    caught: {
      'operation.pause/effect': 'no-effect',
      'operation.pause/again': 'needless-change',
      'operation.pause/wrong-state': 'not-refused',
    },
  },
  {
    name: 'reboots nothing',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        reboot: (ctx, target, params) => operations.powerOn(ctx, target, params),
      })),
    }),
    caught: {
      'operation.reboot/effect': 'no-effect',
      'operation.reboot/soft': 'no-effect',
      'operation.reboot/again': 'no-effect',
    },
  },
  {
    name: 'carries a plan out',
    fixture: fakeFixture({
      driver: hosting(({ host, site }) => ({
        async plan(ctx, change, target) {
          const steps = await host.plan(ctx, change, target);
          if (steps.length > 0) site.receive('pause', target.name);
          return steps;
        },
      })),
    }),
    caught: { 'operation.pause/plan': 'needless-change' },
  },
  {
    name: 'finds some instance for every name',
    fixture: fakeFixture({
      driver: hosting(({ host, site }) => ({
        async resolve(ctx, reference) {
          const found = site.tryFind(reference) ?? site.all().find(({ state }) => state === 'running');
          return host.resolve(ctx, there(found).id);
        },
      })),
    }),
    caught: { 'operation.pause/nobody': 'not-refused' },
  },
  {
    name: 'says that every instance runs',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        getInfo: async (ctx, reference) => ({
          ...(await there(operations.getInfo)(ctx, reference)),
          state: pretended(ctx, 'running'),
        }),
      })),
    }),
    caught: {
      'operation.get-guest-info/shutdown': 'wrong-answer',
      'operation.get-guest-info/power-off-effect': 'contradiction',
      'operation.get-guest-info/power-off-again': 'contradiction',
      'operation.get-guest-info/power-on-plan': 'contradiction',
    },
  },
  {
    name: 'lists only what runs',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        listInstances: async (ctx) =>
          (await operations.listInstances(ctx)).filter(({ state }) => state.powerState === 'running'),
      })),
    }),
    caught: { 'operation.get-host-info/facts': 'contradiction', 'operation.get-host-info/follows': 'contradiction' },
  },
  {
    name: 'makes the size of an instance up as nothing',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        getInfo: async (ctx, reference) => ({ ...(await there(operations.getInfo)(ctx, reference)), vcpus: null }),
      })),
    }),
    caught: { 'operation.get-guest-info/running': 'wrong-answer', 'operation.get-guest-info/shutdown': 'wrong-answer' },
  },
];
