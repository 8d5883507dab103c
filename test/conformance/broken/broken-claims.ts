import { ComputeError } from '../../../src/common/errors/index.js';
import { missing, partial } from '../../../src/features/index.js';
import { fakeDriver } from '../../../src/drivers/fake/index.js';
import { answered, refused } from '../checks.js';
import type { VirtFixture } from '../fixture.js';
import { fakeFixture } from '../fixtures/fake.fixture.js';
import { hosting, operating, type BrokenDriver } from './broken-driver.js';

/** What is published of the fake driver, which does something else. */
function claiming(changes: Partial<Record<keyof typeof fakeDriver.features, VirtFixture['claims'][string]>>) {
  return { ...fakeDriver.features, ...changes };
}

const not = missing('so it says');
const notOffered = (feature: string) =>
  new ComputeError('FEATURE_UNSUPPORTED', 'not offered', { details: { feature } });

/** A claim for instances with short names only. */
const shortNames = partial('only instances whose names are short');
const namesLimit: VirtFixture['limits'][number] = {
  feature: 'operation.pause',
  word: 'long-names',
  title: 'is refused for an instance with a long name',
  async run(subject) {
    const instance = await subject.instance('running');
    await refused(subject, 'compute.pause', { host: subject.host, instance }, 'FEATURE_LIMITED');
  },
};
const allowedNames: VirtFixture['limits'][number] = {
  ...namesLimit,
  word: 'short-names',
  title: 'works for an instance with a short name',
  async run(subject) {
    const instance = await subject.instance('running');
    await answered(subject, 'compute.pause', { host: subject.host, instance });
  },
};

/** Drivers that do more, or less, than they declare. */
export const brokenClaims: readonly BrokenDriver[] = [
  {
    name: 'does what it declares missing',
    fixture: fakeFixture({ claims: claiming({ 'operation.pause': not }) }),
    caught: { 'operation.pause/refused-pause': 'not-refused' },
    levels: { 'operation.pause': 'below' },
  },
  {
    name: 'does what is mandatory and declared missing',
    fixture: fakeFixture({ claims: claiming({ 'operation.get-guest-info': not }) }),
    caught: Object.fromEntries([
      ['operation.get-guest-info/refused-getInfo', 'not-refused'],
      ...['running', 'shutdown', 'by-id', 'nobody'].map((word) => [
        `operation.get-guest-info/core-${word}`,
        'not-refused',
      ]),
      ...['on', 'off'].flatMap((verb) =>
        ['effect', 'again', 'plan', 'nobody'].map((word) => [
          `operation.get-guest-info/core-power-${verb}-${word}`,
          'not-refused',
        ]),
      ),
    ]),
    levels: { 'operation.get-guest-info': 'below' },
  },
  {
    name: 'refuses what is missing only when it has looked at the backend',
    fixture: fakeFixture({
      claims: claiming({ 'operation.suspend': not }),
      driver: operating(({ operations }) => ({
        suspend: async (ctx, { id }) => {
          await operations.queryPower(ctx, id);
          throw notOffered('operation.suspend');
        },
      })),
    }),
    caught: { 'operation.suspend/refused-suspend': 'traffic' },
    levels: { 'operation.suspend': 'unproven' },
  },
  {
    name: 'refuses what is missing for the lack of another feature',
    fixture: fakeFixture({
      claims: claiming({ 'operation.get-host-info': not }),
      driver: operating(() => ({ getHostInfo: () => Promise.reject(notOffered('operation.pause')) })),
    }),
    caught: { 'operation.get-host-info/refused-getHostInfo': 'wrong-error' },
    levels: { 'operation.get-host-info': 'unproven' },
  },
  {
    name: 'refuses what is missing as a mistake of the caller',
    fixture: fakeFixture({
      claims: claiming({ 'operation.get-host-info': not }),
      driver: operating(() => ({
        getHostInfo: () => Promise.reject(new ComputeError('REQUEST_INVALID', 'what do you mean?')),
      })),
    }),
    caught: { 'operation.get-host-info/refused-getHostInfo': 'wrong-error' },
    levels: { 'operation.get-host-info': 'unproven' },
  },
  {
    name: 'answers as if it did what is missing',
    fixture: fakeFixture({
      claims: claiming({ 'operation.get-host-info': not }),
      driver: operating(() => ({
        getHostInfo: async (ctx) => ({
          hypervisor: 'something',
          status: 'unknown',
          nativeStatus: '',
          instances: 0,
          running: 0,
          vcpus: null,
          memoryMib: null,
          native: {},
          observedAt: ctx.clock.now(),
        }),
      })),
    }),
    caught: { 'operation.get-host-info/refused-getHostInfo': 'not-refused' },
    levels: { 'operation.get-host-info': 'below' },
  },
  {
    name: 'declares complete what it does not do at all',
    fixture: fakeFixture({
      driver: hosting(({ operations: { resume: _resume, ...others } }) => ({ operations: others })),
    }),
    caught: {
      'operation.resume/effect': 'failure',
      'operation.resume/again': 'failure',
      'operation.resume/plan': 'failure',
      'operation.resume/nobody': 'wrong-error',
      'operation.resume/wrong-state': 'wrong-error',
    },
    levels: { 'operation.resume': 'above' },
  },
  {
    name: 'declares partial, and its limit does not hold',
    fixture: {
      ...fakeFixture({ claims: claiming({ 'operation.pause': shortNames }) }),
      limits: [namesLimit, allowedNames],
    },
    caught: { 'operation.pause/long-names': 'not-refused' },
    levels: { 'operation.pause': 'below' },
  },
  {
    name: 'declares partial, and nobody knows the limit',
    fixture: fakeFixture({ claims: claiming({ 'operation.pause': shortNames }) }),
    caught: {},
    levels: { 'operation.pause': 'below' },
  },
];
