import type { Relocation } from '../../../src/compute/contract/index.js';
import { fakeFixture } from '../fixtures/fake.fixture.js';
import { operating, there, truth, type Breakable, type BrokenDriver } from './broken-driver.js';

/** The relocation with another way to carry it out. */
function running<R extends Relocation>(real: R | undefined, run: (real: R) => Relocation['run']): R {
  const relocation = there(real);
  return { ...relocation, run: run(relocation) };
}

function stateOf({ site, estate }: Breakable, id: string, destination: string) {
  return there(site.tryFind(id) ?? estate.find(destination)?.tryFind(id));
}

/** Operations between hosts, and on hosts, that do not do what they say. */
export const brokenHosts: readonly BrokenDriver[] = [
  {
    name: 'says that an instance has moved, and leaves it where it is',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => ({
        liveMigrate: running(operations.liveMigrate, () => async (ctx, { id }) => ({
          outcome: 'done',
          state: truth(site, ctx, id),
        })),
      })),
    }),
    caught: {
      'operation.live-migrate/effect': 'no-effect',
      'operation.live-migrate/again': 'wrong-answer',
      'operation.live-migrate/wrong-state': 'not-refused',
    },
    levels: { 'operation.live-migrate': 'above' },
  },
  {
    name: 'stops an instance that it migrates',
    fixture: fakeFixture({
      driver: operating((real) => ({
        liveMigrate: running(real.operations.liveMigrate, (relocation) => async (ctx, target, destination) => {
          const result = await relocation.run(ctx, target, destination);
          stateOf(real, target.id, destination).state = 'shutdown';
          return result;
        }),
      })),
    }),
    caught: { 'operation.live-migrate/effect': 'wrong-effect' },
  },
  {
    name: 'tells what processors can do in words of its own',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        getHostInfo: async (ctx) => ({ ...(await there(operations.getHostInfo)(ctx)), cpuTraits: ['avx2'] }),
      })),
    }),
    caught: { 'operation.report-cpu-traits/effect': 'wrong-answer' },
    levels: { 'operation.report-cpu-traits': 'above' },
  },
  {
    name: 'tells what processors of other hosts can do',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        getHostInfo: async (ctx) => ({ ...(await there(operations.getHostInfo)(ctx)), cpuTraits: ['HW_ARCH_X86_64'] }),
      })),
    }),
    caught: { 'operation.report-cpu-traits/effect': 'wrong-answer' },
    levels: { 'operation.report-cpu-traits': 'above' },
  },
  {
    name: 'starts what it evacuates',
    fixture: fakeFixture({
      driver: operating((real) => ({
        evacuate: running(real.operations.evacuate, (relocation) => async (ctx, target, destination) => {
          const result = await relocation.run(ctx, target, destination);
          stateOf(real, target.id, destination).state = 'running';
          return result;
        }),
      })),
    }),
    caught: { 'operation.evacuate/effect': 'wrong-effect', 'operation.evacuate/host': 'wrong-effect' },
  },
  {
    name: 'takes the order to force a migration, and does nothing',
    fixture: fakeFixture({
      driver: operating(() => ({ liveMigrationForceComplete: () => Promise.resolve('taken') })),
      patienceMs: 5000,
    }),
    caught: { 'operation.force-live-migration-to-complete/effect': 'no-effect' },
  },
  {
    name: 'aborts a migration by letting it arrive',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => {
        const migration = there(operations.liveMigrate);
        return {
          liveMigrate: {
            ...migration,
            abort: async (ctx, target, destination) => {
              await there(operations.liveMigrationForceComplete)(ctx, target);
              while (site.tryFind(target.id) !== undefined) await ctx.clock.sleep(1);
              return there(migration.abort)(ctx, target, destination);
            },
          },
        };
      }),
    }),
    caught: {
      'operation.abort-in-progress-live-migration/effect': 'wrong-effect',
      'operation.abort-in-progress-live-migration/afterwards': 'no-effect',
    },
  },
  {
    name: 'sets maintenance anew each time it is asked',
    fixture: fakeFixture({
      driver: operating(({ operations }) => {
        const maintenance = there(operations.setMaintenance);
        return {
          setMaintenance: { ...maintenance, set: async (...args) => (await maintenance.set(...args)) || true },
        };
      }),
    }),
    caught: { 'operation.maintenance-mode/again': 'wrong-answer' },
  },
];
