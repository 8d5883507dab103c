import type { Volume } from '../../../../src/compute/contract/index.js';
import type { InstancePowerState } from '../../../../src/compute/state/power-state.js';
import { already, answered, ensure, hasFields, planned, refused, unchanged } from '../../checks.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { hasVolume, isInState, volumeAt } from './instance-state.js';
import type { Virt } from './spawning.js';
import { nobody } from './state-changes.js';

const ATTACH = 'compute.attach_volume';
const DETACH = 'compute.detach_volume';
const SWAP = 'compute.swap_volume';
const EXTEND = 'compute.extend_volume';

/** An instance with a volume. */
async function furnished(
  subject: VirtSubject,
  more: Partial<Volume> = {},
  state: InstancePowerState = 'running',
  guest?: 'with-guest',
) {
  const { host, values } = subject;
  const instance = await subject.instance(state, guest);
  const volume = { ...values.volume(), ...more };
  await answered(subject, ATTACH, { host, instance, volume });
  await hasVolume(subject, instance, volume.id);
  return { host, instance, volume };
}

/** Are its devices told with this volume, where they are told at all? */
async function isTold(subject: VirtSubject, instance: string, id: string): Promise<void> {
  const { volumes } = await answered(subject, 'compute.get_info', { host: subject.host, instance, devices: true });
  if (volumes === null) return;
  const names = ((volumes ?? []) as Answer[]).flatMap(({ id: one, aliases }) => [one, ...(aliases as unknown[])]);
  ensure(names.includes(id), 'contradiction', `compute.get_info tells no volume ${id}: ${names.join(', ')}`);
}

async function hasNot(subject: VirtSubject, instance: string, id: string): Promise<void> {
  ensure(
    (await volumeAt(subject, instance, id)) === undefined,
    'no-effect',
    `the backend has ${instance} with the volume ${id}`,
  );
}

export const attachVolumeScenarios: readonly Virt[] = [
  ...(['running', 'shutdown'] as const).map((state): Virt => ({
    word: state,
    title: `adds a volume to an instance that is ${state}, and stays so`,
    async run(subject) {
      const { host, values } = subject;
      const instance = await subject.instance(state);
      const volume = values.volume();
      const answer = await answered(subject, ATTACH, { host, instance, volume });
      await hasVolume(subject, instance, volume.id);
      await isInState(subject, instance, { state });
      hasFields(answer, { outcome: 'done', power_state: state }, ATTACH);
      await isTold(subject, instance, volume.id);
    },
  })),
  {
    word: 'again',
    title: 'says "already" of a volume that the instance has, and changes nothing',
    async run(subject) {
      await already(subject, ATTACH, await furnished(subject));
    },
  },
  {
    word: 'taken',
    title: 'is refused for a volume that another instance has',
    async run(subject) {
      const { host, volume } = await furnished(subject);
      const instance = await subject.instance('running');
      await unchanged(subject, `${ATTACH} of a volume that is taken`, () =>
        refused(subject, ATTACH, { host, instance, volume }, 'STATE_CONFLICT'),
      );
      await hasNot(subject, instance, volume.id);
    },
  },
  {
    word: 'unreachable',
    title: 'is refused for a volume that the host does not reach',
    async run(subject) {
      const { host, values } = subject;
      const instance = await subject.instance('running');
      const volume = values.unreachableVolume;
      await refused(subject, ATTACH, { host, instance, volume }, 'RESOURCE_NOT_FOUND');
      await hasNot(subject, instance, volume.id);
    },
  },
  {
    word: 'plan',
    title: 'says what it would do, and does nothing',
    async run(subject) {
      const { host, values } = subject;
      const instance = await subject.instance('running');
      const volume = values.volume();
      await planned(subject, ATTACH, { host, instance, volume });
      await hasNot(subject, instance, volume.id);
    },
  },
  nobody(ATTACH),
];

export const attachTaggedVolumeScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'adds a volume with a tag',
    async run(subject) {
      const { instance, volume } = await furnished(subject, { tag: 'data' });
      await hasVolume(subject, instance, volume.id, { tag: 'data' });
    },
  },
];

export const detachVolumeScenarios: readonly Virt[] = [
  ...(['running', 'shutdown'] as const).map((state): Virt => ({
    word: state,
    title: `takes a volume from an instance that is ${state}; what is on it stays, and another one can have it`,
    needs: ['operation.attach-volume'],
    async run(subject) {
      const { host, instance, volume } = await furnished(subject, {}, state, 'with-guest');
      const held = await subject.volumeHolds(volume.id);
      const answer = await answered(subject, DETACH, { host, instance, volume: volume.id });
      await hasNot(subject, instance, volume.id);
      await isInState(subject, instance, { state });
      hasFields(answer, { outcome: 'done' }, DETACH);
      const isKept = held !== undefined && (await subject.volumeHolds(volume.id)) === held;
      ensure(isKept, 'wrong-effect', `what was on ${volume.id} has gone`);
      const other = await subject.instance('running');
      await answered(subject, ATTACH, { host, instance: other, volume });
    },
  })),
  {
    word: 'again',
    title: 'says "already" of a volume that the instance does not have, and changes nothing',
    async run(subject) {
      const { host, values } = subject;
      const instance = await subject.instance('running');
      await already(subject, DETACH, { host, instance, volume: values.volume().id });
    },
  },
  nobody(DETACH),
];

export const swapVolumeScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'copies a volume to another one, which takes its place while the instance runs',
    needs: ['operation.attach-volume'],
    async run(subject) {
      const { host, instance, volume } = await furnished(subject);
      const held = await subject.volumeHolds(volume.id);
      const new_volume = subject.values.volume();
      const request = { host, instance, volume: volume.id, new_volume };
      const answer = await answered(subject, SWAP, request);
      await hasVolume(subject, instance, new_volume.id);
      await hasNot(subject, instance, volume.id);
      const isCopied = held !== undefined && (await subject.volumeHolds(new_volume.id)) === held;
      ensure(isCopied, 'no-effect', `${new_volume.id} does not hold what was on ${volume.id}`);
      await isInState(subject, instance, { state: 'running' });
      hasFields(answer, { outcome: 'done' }, SWAP);
      await already(subject, SWAP, request);
    },
  },
  {
    word: 'unknown',
    title: 'is refused for a volume that the instance does not have',
    async run(subject) {
      const { host, values } = subject;
      const instance = await subject.instance('running');
      const new_volume = values.volume();
      await refused(subject, SWAP, { host, instance, volume: values.volume().id, new_volume }, 'RESOURCE_NOT_FOUND');
      await hasNot(subject, instance, new_volume.id);
    },
  },
];

export const extendVolumeScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'lets a running instance see that a volume has grown',
    needs: ['operation.attach-volume'],
    async run(subject) {
      const { host, instance, volume } = await furnished(subject);
      const size_gib = (await hasVolume(subject, instance, volume.id)).sizeGib + 5;
      const request = { host, instance, volume: volume.id, size_gib };
      const answer = await answered(subject, EXTEND, request);
      await hasVolume(subject, instance, volume.id, { sizeGib: size_gib });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, EXTEND);
      await already(subject, EXTEND, request);
    },
  },
];
