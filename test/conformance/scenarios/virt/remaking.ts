import { isDeepStrictEqual } from 'node:util';
import { already, answered, ensure, hasFields, refused, unchanged } from '../../checks.js';
import type { VirtSubject } from '../../subject.js';
import { atBackend, backendHas, hasVolume, isInState } from './instance-state.js';
import { spawned, type Virt } from './spawning.js';
import { nobody } from './state-changes.js';

const REBUILD = 'compute.rebuild';
const RESCUE = 'compute.rescue';
const UNRESCUE = 'compute.unrescue';
const RESIZE = 'compute.resize';
const CONFIRM = 'compute.confirm_resize';
const REVERT = 'compute.revert_resize';

/** An instance that was made of an image. */
async function made(subject: VirtSubject, more: object = {}) {
  const { host, values } = subject;
  const { name: instance } = await spawned(subject, { image: values.image, ...more });
  return { host, instance };
}

export const rebuildScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'makes the root disk anew from another image; id, volumes and state stay',
    needs: ['operation.launch', 'storage.block'],
    async run(subject) {
      const volume = subject.values.volume();
      const { host, instance } = await made(subject, { volumes: [volume] });
      const { id } = await atBackend(subject, instance);
      const image = { source: subject.values.otherImage };
      const answer = await answered(subject, REBUILD, { host, instance, image });
      await backendHas(subject, instance, { image: image.source, id });
      await hasVolume(subject, instance, volume.id);
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, REBUILD);
    },
  },
  {
    word: 'shutdown',
    title: 'leaves an instance shut down that was',
    needs: ['operation.launch'],
    async run(subject) {
      const { host, instance } = await made(subject, { start: false });
      const image = { source: subject.values.otherImage };
      await answered(subject, REBUILD, { host, instance, image });
      await backendHas(subject, instance, { image: image.source });
      await isInState(subject, instance, { state: 'shutdown' });
    },
  },
  {
    word: 'unknown',
    title: 'is refused for an image that is not there, and the root disk stays',
    needs: ['operation.launch'],
    async run(subject) {
      const { host, instance } = await made(subject);
      const request = { host, instance, image: { source: 'no-such-image' } };
      await unchanged(subject, `${REBUILD} of no image`, () =>
        refused(subject, REBUILD, request, 'RESOURCE_NOT_FOUND'),
      );
      await backendHas(subject, instance, { image: subject.values.image.source });
    },
  },
  nobody(REBUILD),
];

export const rebuildVolumeScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'writes the volume anew that an instance starts from',
    needs: ['operation.launch', 'storage.block'],
    async run(subject) {
      const { host, values } = subject;
      const volume = { ...values.volume(), boot: true };
      const { name: instance } = await spawned(subject, { volumes: [volume] });
      const before = await subject.volumeHolds(volume.id);
      await answered(subject, REBUILD, {
        host,
        instance,
        image: { source: values.otherImage },
        reimage_boot_volume: true,
      });
      ensure((await subject.volumeHolds(volume.id)) !== before, 'no-effect', `the volume ${volume.id} is as it was`);
      await hasVolume(subject, instance, volume.id);
      await isInState(subject, instance, { state: 'running' });
    },
  },
  {
    word: 'unasked',
    title: 'is refused where nobody says that the volume is to be written, and that stays as it is',
    needs: ['operation.launch', 'operation.rebuild', 'storage.block'],
    async run(subject) {
      const { host, values } = subject;
      const volume = { ...values.volume(), boot: true };
      const { name: instance } = await spawned(subject, { volumes: [volume] });
      const held = await subject.volumeHolds(volume.id);
      const request = { host, instance, image: { source: values.otherImage } };
      await unchanged(subject, `${REBUILD} beside a volume`, () =>
        refused(subject, REBUILD, request, 'STATE_CONFLICT'),
      );
      const isKept = held !== undefined && (await subject.volumeHolds(volume.id)) === held;
      ensure(isKept, 'wrong-effect', `what was on ${volume.id} has gone`);
      await isInState(subject, instance, { state: 'running' });
    },
  },
];

export const rescueScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'starts an instance from something else, and afterwards exactly as before',
    needs: ['operation.launch'],
    async run(subject) {
      const { host } = subject;
      const { name: instance } = await spawned(subject, {
        networks: [{ name: subject.values.network }],
        boot: { from: 'network' },
      });
      const { boot } = await atBackend(subject, instance);
      const answer = await answered(subject, RESCUE, { host, instance });
      const rescued = (await atBackend(subject, instance)).boot;
      ensure(
        !isDeepStrictEqual(rescued, boot),
        'no-effect',
        `${instance} is rescued, and starts from what it did before`,
      );
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, RESCUE);
      const back = await answered(subject, UNRESCUE, { host, instance });
      await backendHas(subject, instance, { boot });
      await isInState(subject, instance, { state: 'running' });
      hasFields(back, { outcome: 'done', power_state: 'running' }, UNRESCUE);
    },
  },
  {
    word: 'again',
    title: 'says "already" of an instance that is rescued, or is not, and changes nothing',
    async run(subject) {
      const request = { host: subject.host, instance: await subject.instance('running') };
      await answered(subject, RESCUE, request);
      const { boot } = await atBackend(subject, request.instance);
      await already(subject, RESCUE, request);
      await backendHas(subject, request.instance, { boot });
      await answered(subject, UNRESCUE, request);
      await already(subject, UNRESCUE, request);
    },
  },
  nobody(RESCUE),
];

export const resizeScenarios: readonly Virt[] = [
  {
    word: 'confirm',
    title: 'gives an instance another size, which stays when it is confirmed',
    async run(subject) {
      const { request, flavor } = await resized(subject);
      await answered(subject, CONFIRM, request);
      await hasSize(subject, request.instance, flavor);
      await refused(subject, REVERT, request, 'STATE_CONFLICT');
      await hasSize(subject, request.instance, flavor);
    },
  },
  {
    word: 'revert',
    title: 'gives an instance its earlier size again',
    async run(subject) {
      const { request, before } = await resized(subject);
      await answered(subject, REVERT, request);
      await hasSize(subject, request.instance, before);
      await refused(subject, CONFIRM, request, 'STATE_CONFLICT');
      await isInState(subject, request.instance, { state: 'running' });
    },
  },
  {
    word: 'again',
    title: 'says "already" of an instance that has the size, and changes nothing',
    async run(subject) {
      const { request, flavor } = await resized(subject);
      await already(subject, RESIZE, { ...request, flavor: subject.values.largerFlavor });
      await hasSize(subject, request.instance, flavor);
    },
  },
  {
    word: 'unconfirmed',
    title: 'is refused while an earlier one is not confirmed',
    async run(subject) {
      const { request, flavor } = await resized(subject);
      const another = { ...request, flavor: { vcpus: flavor.vcpus + 1, memory_mib: flavor.memoryMib } };
      await unchanged(subject, `a second ${RESIZE}`, () => refused(subject, RESIZE, another, 'STATE_CONFLICT'));
      await hasSize(subject, request.instance, flavor);
    },
  },
  {
    word: 'none',
    title: 'has nothing to confirm or to take back before',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('running');
      for (const method of [CONFIRM, REVERT] as const) {
        await unchanged(subject, `${method} of nothing`, () =>
          refused(subject, method, { host, instance }, 'STATE_CONFLICT'),
        );
      }
    },
  },
  nobody(RESIZE),
];

interface Size {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** A running instance whose new size is neither confirmed nor reverted. */
async function resized(subject: VirtSubject) {
  const { host, values } = subject;
  const request = { host, instance: await subject.instance('running') };
  const { vcpus, memoryMib } = await atBackend(subject, request.instance);
  ensure(vcpus !== undefined && memoryMib !== undefined, 'no-effect', 'the backend does not show the size');
  const flavor = { vcpus: values.largerFlavor.vcpus, memoryMib: values.largerFlavor.memory_mib };
  const answer = await answered(subject, RESIZE, { ...request, flavor: values.largerFlavor });
  await hasSize(subject, request.instance, flavor);
  await isInState(subject, request.instance, { state: 'running' });
  hasFields(answer, { outcome: 'done', power_state: 'running' }, RESIZE);
  return { request, before: { vcpus, memoryMib }, flavor };
}

async function hasSize(subject: VirtSubject, instance: string, { vcpus, memoryMib }: Size): Promise<void> {
  await backendHas(subject, instance, { vcpus, memoryMib });
  const info = await answered(subject, 'compute.get_info', { host: subject.host, instance });
  hasFields(info, { vcpus, memory_mib: memoryMib }, 'compute.get_info', 'contradiction');
}
