import { ComputeError } from '../../common/errors/index.js';
import { targetKey } from '../../common/ids.js';
import {
  defineVirtDriver,
  type AnyVirtDriver,
  type BreakerStore,
  type CallContext,
  type ChangeOperation,
  type ChangeOperationName,
  type OperationsOf,
  type PlannedStep,
  type Reconciliation,
  type Target,
  type VirtHost,
} from '../../compute/contract/index.js';
import type { VirtFeatureId } from '../../features/index.js';
import type { InstancePowerState } from '../../compute/state/power-state.js';
import { fakeFeatures } from './fake.features.js';
import { FakeSettingsSchema, type FakeSettings } from './fake.settings.js';
import { FakeEstate } from './fake-estate.js';
import { MEMORY_MIB } from './fake-move.js';
import { fakeForceComplete, fakeRelocation } from './fake-relocation.js';
import type { FakeInstance } from './fake-site.js';

interface Change {
  /** States it starts from; others are STATE_CONFLICT. */
  readonly from: readonly InstancePowerState[];
  readonly to: InstancePowerState;
  readonly doing: string;
}

type StateChange = Extract<
  ChangeOperationName,
  'powerOn' | 'powerOff' | 'reboot' | 'pause' | 'unpause' | 'suspend' | 'resume'
>;

const CHANGES: Readonly<Record<StateChange, Change>> = {
  powerOn: { from: ['shutdown', 'crashed', 'suspended', 'nostate'], to: 'running', doing: 'starting' },
  powerOff: { from: ['running', 'paused', 'crashed', 'suspended', 'nostate'], to: 'shutdown', doing: 'stopping' },
  reboot: { from: ['running', 'shutdown', 'crashed', 'paused'], to: 'running', doing: 'rebooting' },
  pause: { from: ['running'], to: 'paused', doing: 'pausing' },
  unpause: { from: ['paused'], to: 'running', doing: 'unpausing' },
  suspend: { from: ['running', 'paused'], to: 'suspended', doing: 'suspending' },
  resume: { from: ['suspended'], to: 'running', doing: 'resuming' },
};

function changeOf(operation: ChangeOperationName): Change {
  if (Object.hasOwn(CHANGES, operation)) return CHANGES[operation as StateChange];
  throw new ComputeError('FEATURE_UNSUPPORTED', `the fake driver does not offer ${operation}`);
}

/**
 * Instances in memory, for rehearsal and benchmarks.
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
    open(name, settings, { breakers }) {
      const hosts = estate ?? estates.get(breakers) ?? new FakeEstate();
      estates.set(breakers, hosts);
      return openFakeHost(name, settings, hosts);
    },
  });
}

function openFakeHost(
  name: string,
  settings: FakeSettings,
  estate: FakeEstate,
): VirtHost<OperationsOf<typeof fakeFeatures>> {
  const site = estate.open(name, settings);
  const target = (instance: FakeInstance): Target => ({
    key: targetKey('fake', name, instance.id),
    id: instance.id,
    name: instance.name,
  });
  const resolveHost = async (ctx: CallContext): Promise<Target> => {
    await site.read(ctx, 'resolveHost');
    return { key: targetKey('fake', name, 'host'), id: 'host', name };
  };
  const changing = (operation: StateChange): ChangeOperation =>
    async function change(ctx, { id }) {
      const { from, to, doing } = CHANGES[operation];
      const instance = site.find(id);
      if (instance.state === to && operation !== 'reboot') {
        return { outcome: 'already', state: site.observe(instance, ctx.clock.now()) };
      }
      if (!from.includes(instance.state)) {
        throw new ComputeError('STATE_CONFLICT', `${instance.name} is ${instance.state}, not ${from.join(' or ')}`);
      }
      const description = `${doing} ${instance.name}`;
      await ctx.beginStep({ name: operation, description, requestTimeoutMs: site.requestTimeoutMs });
      await site.change(ctx, operation, instance, to, (percent) => ctx.progress(description, percent));
      return { outcome: 'done', state: site.observe(instance, ctx.clock.now()) };
    };

  return {
    operations: {
      powerOn: changing('powerOn'),
      powerOff: changing('powerOff'),
      reboot: changing('reboot'),
      pause: changing('pause'),
      unpause: changing('unpause'),
      suspend: changing('suspend'),
      resume: changing('resume'),
      liveMigrate: fakeRelocation(site, estate, {
        operation: 'liveMigrate',
        from: ['running', 'paused'],
        doing: 'migrating',
        delayMs: settings.migrate_delay_ms,
        isBusy: (instance) => settings.busy.includes('*') || settings.busy.includes(instance.name),
      }),
      liveMigrationForceComplete: fakeForceComplete(site),
      evacuate: {
        ...fakeRelocation(site, estate, {
          operation: 'evacuate',
          doing: 'evacuating',
          delayMs: settings.change_delay_ms,
          isBusy: () => false,
        }),
        resolveHost,
      },
      setMaintenance: {
        resolveHost,
        set: async (ctx, _host, isEnabled) => {
          if (site.isInMaintenance === isEnabled) return false;
          const description = `${isEnabled ? 'beginning' : 'ending'} maintenance of ${name}`;
          await ctx.beginStep({ name: 'setMaintenance', description, requestTimeoutMs: site.requestTimeoutMs });
          site.fail('setMaintenance', '*', false);
          site.isInMaintenance = isEnabled;
          return true;
        },
      },
      async queryPower(ctx, reference) {
        await site.read(ctx, 'queryPower', reference);
        return site.observe(site.find(reference), ctx.clock.now());
      },
      async listInstances(ctx) {
        await site.read(ctx, 'listInstances');
        return site.all().map((instance) => ({
          name: instance.name,
          id: instance.id,
          state: site.observe(instance, ctx.clock.now()),
        }));
      },
      async getInfo(ctx, reference) {
        await site.read(ctx, 'getInfo', reference);
        const instance = site.find(reference);
        return {
          name: instance.name,
          id: instance.id,
          state: site.observe(instance, ctx.clock.now()),
          vcpus: 2,
          memoryMib: MEMORY_MIB,
          maxMemoryMib: 2 * MEMORY_MIB,
          cpuTimeNs: null,
          native: {},
        };
      },
      async getHostInfo(ctx) {
        await site.read(ctx, 'getHostInfo');
        const all = site.all();
        return {
          hypervisor: 'fake',
          status: 'up',
          nativeStatus: site.isInMaintenance ? 'maintenance' : 'up',
          instances: all.length,
          running: all.filter(({ state }) => state === 'running').length,
          vcpus: null,
          memoryMib: null,
          native: {},
          observedAt: ctx.clock.now(),
        };
      },
      testHost: () => Promise.resolve([{ name: 'memory', ok: true, detail: 'always there', remedy: null }]),
    },
    resolve: async (ctx, reference) => {
      await site.read(ctx, 'resolve', reference);
      return target(site.find(reference));
    },
    provisionalKey: (reference) => targetKey('fake', name, `name:${reference}`),
    plan: (_ctx, { operation }, { id }): Promise<PlannedStep[]> => {
      const { to, doing } = changeOf(operation);
      const instance = site.find(id);
      if (instance.state === to && operation !== 'reboot') return Promise.resolve([]);
      return Promise.resolve([{ action: operation, description: `${doing} ${instance.name}` }]);
    },
    reconcile: (ctx, { operation }, { id }): Promise<Reconciliation> => {
      const instance = site.find(id);
      if (instance.transition !== null) {
        throw new ComputeError('BACKEND_BUSY', `${instance.name} is ${instance.transition}`);
      }
      // The state alone does not tell: a reboot ends where it began.
      if (instance.changedBy !== ctx.operationId || instance.state !== changeOf(operation).to) {
        return Promise.resolve({ verdict: 'continue' });
      }
      const state = site.observe(instance, ctx.clock.now());
      return Promise.resolve({ verdict: 'concluded', result: { outcome: 'done', state } });
    },
    lacking: async (ctx) => {
      await site.read(ctx, 'lacking');
      return new Map(Object.entries(settings.lacking) as [VirtFeatureId, string][]);
    },
    rearm: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  };
}
