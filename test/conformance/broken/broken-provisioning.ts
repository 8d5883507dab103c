import { ComputeError } from '../../../src/common/errors/index.js';
import type { AnyOperations, OperationParams } from '../../../src/compute/contract/index.js';
import { fakeFixture } from '../fixtures/fake.fixture.js';
import type { FakeInstance } from '../fixtures/fake-wire.js';
import { operating, there, truth, type Breakable, type BrokenDriver } from './broken-driver.js';

type Description = OperationParams<'compute.spawn'>;
type Change =
  'spawn' | 'rebuild' | 'attachInterface' | 'unrescue' | 'revertResize' | 'quiesce' | 'detachVolume' | 'swapVolume';

/** The fake driver, which is given another description than the caller's. */
function misreading(change: (description: Description) => Description) {
  return fakeFixture({
    driver: operating(({ operations }) => ({
      spawn: (ctx, target, params) => there(operations.spawn)(ctx, target, change(params)),
    })),
  });
}

/** The fake driver, which does something else to the instance once it has done what it should. */
function spoiling(operation: Change, spoil: (instance: FakeInstance, real: Breakable, params: unknown) => void) {
  return fakeFixture({
    driver: operating((real) => {
      const change = there(real.operations[operation]) as AnyOperations['powerOn'];
      const spoiled: typeof change = async (ctx, target, params) => {
        const result = await change(ctx, target, params);
        spoil(real.site.find(operation === 'spawn' ? target.name : target.id), real, params);
        return { ...result, state: truth(real.site, ctx, target.name) };
      };
      return { [operation]: spoiled };
    }),
  });
}

function having(change: (hardware: FakeInstance['hardware']) => Partial<FakeInstance['hardware']>) {
  return (instance: FakeInstance): void => {
    instance.hardware = { ...instance.hardware, ...change(instance.hardware) };
  };
}

/** Operations that make, end and furnish instances, and do not do what they say. */
export const brokenProvisioning: readonly BrokenDriver[] = [
  {
    name: 'makes an instance of another size',
    fixture: misreading((description) => ({ ...description, flavor: { ...description.flavor, vcpus: 2 } })),
    caught: { 'operation.launch/effect': 'no-effect' },
    levels: { 'operation.launch': 'above' },
  },
  {
    name: 'takes an instance that is there for the one that it should make',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => ({
        async spawn(ctx, target, params) {
          if (site.tryFind(params.name) === undefined) return there(operations.spawn)(ctx, target, params);
          return { outcome: 'done', state: truth(site, ctx, params.name) };
        },
      })),
    }),
    caught: { 'operation.launch/taken': 'not-refused' },
  },
  {
    name: 'starts what is not to be started',
    fixture: misreading(({ start: _start, ...description }) => description),
    caught: { 'operation.launch/not-started': 'wrong-effect' },
  },
  {
    name: 'forgets the config drive',
    fixture: misreading(({ config_drive: _drive, ...description }) => description),
    caught: { 'guest.setup.configdrive/effect': 'no-effect', 'guest.setup.configdrive/image': 'no-effect' },
    levels: { 'guest.setup.configdrive': 'above' },
  },
  {
    name: 'forgets the VLAN',
    fixture: spoiling(
      'spawn',
      having(({ networks }) => ({ networks: networks.map(({ vlan: _vlan, ...rest }) => rest) })),
    ),
    caught: { 'networking.topology.vlan/effect': 'no-effect', 'networking.topology.vlan/rebuilt': 'no-effect' },
  },
  {
    name: 'does not look at the checksum of an image',
    fixture: misreading(({ image, ...description }) => ({
      ...description,
      ...(image === undefined ? {} : { image: { source: image.source } }),
    })),
    caught: {
      'storage.image/checksum': 'not-refused',
      'operation.trusted-certs/untrusted': 'not-refused',
      'operation.cache-images/effect': 'no-effect',
    },
  },
  {
    name: 'leaves something behind when the image is not there',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        async spawn(ctx, target, { image, ...rest }) {
          const result = await there(operations.spawn)(
            ctx,
            target,
            image === undefined ? rest : { ...rest, start: false },
          );
          if (image === undefined) return result;
          throw new ComputeError('RESOURCE_NOT_FOUND', `there is no image ${image.source}`);
        },
      })),
    }),
    caught: {
      'storage.image/effect': 'failure',
      'storage.image/checksum': 'no-effect',
      'storage.image/unknown': 'no-effect',
    },
  },
  {
    name: 'throws away what is larger than its limit',
    fixture: misreading(({ files, ...description }) => ({
      ...description,
      ...(files === undefined ? {} : { files: files.filter(({ content }) => content.length < 10_240) }),
    })),
    caught: { 'guest.setup.inject.file/limit-size': 'not-refused' },
    levels: { 'guest.setup.inject.file': 'below' },
  },
  {
    name: 'ends nothing',
    fixture: fakeFixture({
      driver: operating(() => ({ destroy: () => Promise.resolve({ outcome: 'done', state: null }) })),
    }),
    caught: {
      'operation.terminate/effect': 'no-effect',
      'operation.terminate/shutdown': 'no-effect',
      'operation.terminate/volumes-stay': 'failure',
    },
    levels: { 'operation.terminate': 'above' },
  },
  {
    name: 'claims to have added a volume',
    fixture: fakeFixture({
      driver: operating(({ site }) => ({
        attachVolume: async (ctx, { id }) => ({
          outcome: 'done',
          state: truth(site, ctx, id),
          answer: { device: 'vdb' },
        }),
      })),
    }),
    caught: {
      'operation.attach-volume/running': 'no-effect',
      'operation.attach-volume/shutdown': 'no-effect',
      'operation.attach-volume/again': 'no-effect',
      'operation.attach-volume/taken': 'no-effect',
      'operation.attach-volume/unreachable': 'not-refused',
    },
  },
  {
    name: 'wipes a volume that it takes away',
    fixture: spoiling('detachVolume', (_instance, { site }, params) => {
      site.storage.volume((params as OperationParams<'compute.detach_volume'>).volume).holds = '';
    }),
    caught: { 'operation.detach-volume/running': 'wrong-effect', 'operation.detach-volume/shutdown': 'wrong-effect' },
  },
  {
    name: 'puts an empty volume in the place of another one',
    fixture: spoiling('swapVolume', (_instance, { site }, params) => {
      site.storage.volume((params as OperationParams<'compute.swap_volume'>).new_volume.id).holds = '';
    }),
    caught: { 'operation.swap-volume/effect': 'no-effect' },
  },
  {
    name: 'adds two interfaces for one',
    fixture: spoiling('attachInterface', (instance) => {
      const { networks } = instance.hardware;
      const [first] = networks;
      if (first === undefined || networks.length > 1) return;
      const second = { ...first, device: 'extra', mac: '02:bb:00:00:00:01' };
      instance.hardware = { ...instance.hardware, networks: [...networks, second] };
    }),
    caught: { 'operation.attach-interface/effect': 'wrong-effect', 'operation.attach-interface/again': 'wrong-effect' },
  },
  {
    name: 'loses the volumes of what it rebuilds',
    fixture: spoiling(
      'rebuild',
      having(() => ({ volumes: [] })),
    ),
    caught: { 'operation.rebuild/effect': 'no-effect' },
  },
  {
    name: 'starts what it rebuilds',
    fixture: spoiling('rebuild', (instance) => instance.enter('running', Date.now())),
    caught: { 'operation.rebuild/shutdown': 'wrong-effect' },
  },
  {
    name: 'starts a rescued instance from its disk, whatever it started from before',
    fixture: spoiling(
      'unrescue',
      having(() => ({ boot: { from: 'image' } })),
    ),
    caught: { 'operation.rescue/effect': 'no-effect' },
  },
  {
    name: 'takes no resize back',
    fixture: spoiling(
      'revertResize',
      having(({ flavor }) => ({ flavor: { ...flavor, vcpus: 4, memory_mib: 8192 } })),
    ),
    caught: { 'operation.resize/revert': 'no-effect' },
  },
  {
    name: 'says that file systems are held which are not',
    fixture: spoiling('quiesce', (instance) => {
      instance.isQuiesced = false;
    }),
    caught: { 'operation.quiesce/effect': 'no-effect' },
  },
  {
    name: 'tells the password that it has set',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        async setAdminPassword(ctx, target, params) {
          const result = await there(operations.setAdminPassword)(ctx, target, params);
          return { ...result, answer: { note: `the password is ${params.password}` } };
        },
      })),
    }),
    caught: { 'operation.set-admin-password/effect': 'wrong-answer' },
  },
  {
    name: 'answers an image that it has not saved',
    fixture: fakeFixture({
      driver: operating(({ operations, site }) => ({
        async snapshot(ctx, target, params) {
          const result = await there(operations.snapshot)(ctx, target, params);
          site.images.delete(params.name);
          return result;
        },
      })),
    }),
    caught: { 'operation.snapshot/effect': 'failure' },
  },
  {
    name: 'gives everybody the same console',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        getConsole: async (...args) => ({ ...(await there(operations.getConsole)(...args)), password: 'the same' }),
      })),
    }),
    caught: { 'console.vnc/effect': 'wrong-answer' },
  },
  {
    name: 'has an empty console log',
    fixture: fakeFixture({
      driver: operating(({ operations }) => ({
        getConsoleLog: async (...args) => ({ ...(await there(operations.getConsoleLog)(...args)), log: '' }),
      })),
    }),
    caught: { 'console.serial.log/effect': 'no-effect' },
  },
  {
    name: 'closes a host anew each time it is asked',
    fixture: fakeFixture({
      driver: operating(({ operations }) => {
        const enabling = there(operations.setEnabled);
        return { setEnabled: { ...enabling, set: async (...args) => (await enabling.set(...args)) || true } };
      }),
    }),
    caught: { 'operation.service-control/again': 'wrong-answer' },
  },
];
