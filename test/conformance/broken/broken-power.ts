import { ComputeError } from '../../../src/common/errors/index.js';
import { missing } from '../../../src/features/index.js';
import { webhookFixture } from '../fixtures/webhook.fixture.js';
import { switching, there, type BrokenDriver } from './broken-driver.js';

const real = webhookFixture();

/** Power types that do not do what they say. */
export const brokenPower: readonly BrokenDriver[] = [
  {
    name: 'claims to have switched on, and sends nothing',
    fixture: webhookFixture(
      switching(({ queryPower }) => ({
        powerOn: async (ctx) => ({
          outcome: 'done',
          state: { ...(await there(queryPower)(ctx)), powerState: 'running' },
        }),
      })),
    ),
    caught: { 'power.on/effect': 'no-effect', 'power.on/again': 'wrong-answer' },
    levels: { 'power.on': 'above' },
  },
  {
    name: 'switches off again what is off',
    fixture: webhookFixture(
      switching(({ powerOn, powerOff }) => ({
        powerOff: async (ctx, target, params) => {
          await there(powerOn)(ctx, target, params);
          return there(powerOff)(ctx, target, params);
        },
      })),
    ),
    caught: { 'power.off/again': 'needless-change' },
  },
  {
    name: 'cycles by switching on only',
    fixture: webhookFixture(switching(({ powerOn }) => ({ cycle: there(powerOn) }))),
    caught: { 'power.cycle/effect': 'no-effect', 'power.cycle/untold': 'not-refused' },
    levels: { 'power.cycle': 'below' },
  },
  {
    name: 'calls off what it cannot tell',
    fixture: webhookFixture(
      switching(({ queryPower }) => ({
        queryPower: async (ctx) => {
          const state = await there(queryPower)(ctx);
          return state.powerState === 'nostate' ? { ...state, powerState: 'shutdown' } : state;
        },
      })),
    ),
    caught: { 'power.query/unknown': 'wrong-answer' },
  },
  {
    name: 'keeps for itself what the controller says',
    fixture: webhookFixture(
      switching(({ powerOn }) => ({
        powerOn: async (ctx, target, params) => {
          try {
            return await there(powerOn)(ctx, target, params);
          } catch {
            throw new ComputeError('STATE_CONFLICT', 'it does not work');
          }
        },
      })),
    ),
    caught: { 'power.error-reporting/command': 'wrong-answer', 'power.error-reporting/credentials': 'wrong-error' },
  },
  {
    name: 'cycles, and declares that missing',
    fixture: { ...real, claims: { ...real.claims, 'power.cycle': missing('so it says') } },
    caught: { 'power.cycle/refused-cycle': 'not-refused' },
    levels: { 'power.cycle': 'below' },
  },
];
