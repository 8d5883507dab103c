import { targetKey } from '../../common/ids.js';
import {
  defineVirtDriver,
  offerWorks,
  type OperationWorks,
  type AnyVirtDriver,
  type BreakerStore,
  type CallContext,
  type ChangeOperationName,
  type OperationsOf,
  type VirtHost,
} from '../../compute/contract/index.js';
import type { VirtFeatureId } from '../../features/index.js';
import { fakeBootDevice } from './fake-boot.js';
import { fakeConsole } from './fake-console.js';
import { FakeEstate } from './fake-estate.js';
import { fakeGuest } from './fake-guest.js';
import { fakeSwitches, resolveFakeHost } from './fake-host.js';
import { fakeImages } from './fake-images.js';
import { fakeInterfaces } from './fake-interfaces.js';
import { fakeOwnership } from './fake-ownership.js';
import { fakePower } from './fake-power.js';
import { fakeReads } from './fake-reads.js';
import { fakeForceComplete, fakeRelocation } from './fake-relocation.js';
import { fakeRescue } from './fake-rescue.js';
import type { FakeSite } from './fake-site.js';
import { fakeSize } from './fake-size.js';
import { fakeDestroy, fakeSpawn, targetOf } from './fake-spawn.js';
import { fakeVolumes } from './fake-volumes.js';
import { fakeFeatures } from './fake.features.js';
import { FakeSettingsSchema } from './fake.settings.js';

/**
 * Instances in memory, for rehearsal and benchmarks; and what the contract means, operation by operation, for authors of
 * other drivers.
 *
 * @param estate the hosts, when several services are to find the same ones, or one that is started again; otherwise each
 *   service has its own, which end with it
 */
export function createFakeDriver(estate?: FakeEstate): AnyVirtDriver {
  // Who has the same memory of refused logons is the same service.
  const estates = new WeakMap<BreakerStore, FakeEstate>();
  return defineVirtDriver({
    name: 'fake',
    title: 'Fake (instances in memory)',
    features: fakeFeatures,
    settings: FakeSettingsSchema,
    managesByDefault: 'everything',
    open(name, settings, { breakers, clock }) {
      const hosts = estate ?? estates.get(breakers) ?? new FakeEstate();
      estates.set(breakers, hosts);
      return openFakeHost(hosts.open(name, settings, clock.now()), hosts);
    },
  });
}

function openFakeHost(site: FakeSite, estate: FakeEstate): VirtHost<OperationsOf<typeof fakeFeatures>> {
  const { migrate_delay_ms: migrateDelayMs, change_delay_ms: changeDelayMs, busy } = site.settings;
  const works = offerWorks(fakeWorks(site));
  return {
    operations: {
      ...works.operations,
      ...fakeReads(site),
      ...fakeSwitches(site),
      getConsole: fakeConsole(site),
      liveMigrate: fakeRelocation(site, estate, {
        operation: 'liveMigrate',
        from: ['running', 'paused'],
        doing: 'migrating',
        delayMs: migrateDelayMs,
        isBusy: ({ name }) => busy.includes('*') || busy.includes(name),
      }),
      liveMigrationForceComplete: fakeForceComplete(site),
      evacuate: {
        ...fakeRelocation(site, estate, {
          operation: 'evacuate',
          doing: 'evacuating',
          delayMs: changeDelayMs,
          isBusy: () => false,
        }),
        resolveHost: (ctx: CallContext) => resolveFakeHost(ctx, site),
      },
    },
    async resolve(ctx, reference) {
      await site.read(ctx, 'resolve', reference);
      return targetOf(site, site.find(reference));
    },
    provisionalKey: (reference) => targetKey('fake', site.name, `name:${reference}`),
    plan: works.plan,
    reconcile: works.reconcile,
    async lacking(ctx) {
      await site.read(ctx, 'lacking');
      return new Map(Object.entries(site.settings.lacking) as [VirtFeatureId, string][]);
    },
    rearm: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  };
}

/** How each changing operation is carried out. One that is forgotten does not compile. */
function fakeWorks(site: FakeSite): OperationWorks<ChangeOperationName> {
  return {
    ...fakePower(site),
    spawn: fakeSpawn(site),
    destroy: fakeDestroy(site),
    ...fakeOwnership(site),
    ...fakeBootDevice(site),
    ...fakeRescue(site),
    ...fakeSize(site),
    ...fakeVolumes(site),
    ...fakeImages(site),
    ...fakeInterfaces(site),
    ...fakeGuest(site),
  };
}
