import { answered, ensure, hasFields, planned, refused, unchanged } from '../../checks.js';
import { atBackend, backendHas, instancesOf, isInState, listed } from './instance-state.js';
import { description, isNotThere, spawned, type Virt } from './spawning.js';
import { isRefused } from './state-changes.js';

const SPAWN = 'compute.spawn';
const DESTROY = 'compute.destroy';

export const launchScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'makes an instance of the size that is described, which runs',
    async run(subject) {
      const { host, values } = subject;
      const { vcpus, memory_mib } = values.flavor;
      const { name, answer } = await spawned(subject);
      await isInState(subject, name, { state: 'running' });
      await backendHas(subject, name, { vcpus, memoryMib: memory_mib });
      hasFields(answer, { outcome: 'done', name, power_state: 'running', transition: null }, SPAWN);
      hasFields(await listed(subject, host, name), { id: answer['id'] }, 'compute.list_instances', 'contradiction');
      const info = await answered(subject, 'compute.get_info', { host, instance: answer['id'] });
      hasFields(info, { name, vcpus, memory_mib }, 'compute.get_info', 'contradiction');
    },
  },
  {
    word: 'not-started',
    title: 'leaves a new instance shut down when it is not to be started',
    async run(subject) {
      const { name, answer } = await spawned(subject, { start: false });
      await isInState(subject, name, { state: 'shutdown' });
      hasFields(answer, { outcome: 'done', name, power_state: 'shutdown' }, SPAWN);
    },
  },
  {
    word: 'once',
    title: 'makes one instance when the same request comes twice',
    async run(subject) {
      const { host } = subject;
      const request = description(subject, { idempotency_key: `twice-${subject.freshName()}` });
      const first = await answered(subject, SPAWN, request);
      const second = await unchanged(subject, `${SPAWN} of the same key`, () => answered(subject, SPAWN, request));
      hasFields(second, first, `${SPAWN} once more`);
      const all = (await instancesOf(subject, host)).filter(({ name }) => name === request.name);
      ensure(all.length === 1, 'wrong-effect', `there are ${all.length} instances ${request.name}`);
    },
  },
  {
    word: 'taken',
    title: 'is refused for a name that another instance has, which stays as it is',
    async run(subject) {
      const { values } = subject;
      const name = await subject.instance('shutdown');
      const { id } = await atBackend(subject, name);
      const request = { ...description(subject), name, flavor: values.largerFlavor };
      await unchanged(subject, `${SPAWN} of a name that is taken`, () =>
        refused(subject, SPAWN, request, 'ALREADY_EXISTS'),
      );
      await isInState(subject, name, { state: 'shutdown' });
      await backendHas(subject, name, { id });
    },
  },
  {
    word: 'plan',
    title: 'says what it would do, and does nothing',
    async run(subject) {
      const request = description(subject);
      await planned(subject, SPAWN, request);
      await isNotThere(subject, request.name);
    },
  },
];

export const terminateScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'ends an instance that this service has made, and nothing is left of it',
    needs: ['operation.launch'],
    async run(subject) {
      const { host } = subject;
      const { name } = await spawned(subject);
      const answer = await answered(subject, DESTROY, { host, instance: name });
      await isNotThere(subject, name);
      hasFields(answer, { outcome: 'done' }, DESTROY);
      await refused(subject, DESTROY, { host, instance: name }, 'INSTANCE_NOT_FOUND');
    },
  },
  {
    word: 'shutdown',
    title: 'ends an instance that is shut down',
    needs: ['operation.launch'],
    async run(subject) {
      const { name } = await spawned(subject, { start: false });
      await answered(subject, DESTROY, { host: subject.host, instance: name });
      await isNotThere(subject, name);
    },
  },
  {
    word: 'not-ours',
    title: 'is refused for an instance that this service has neither made nor adopted',
    run: (subject) => isRefused(subject, 'running', DESTROY, 'FORBIDDEN'),
  },
  {
    word: 'released',
    title: 'is refused for an instance that was given out of our hands',
    needs: ['operation.launch'],
    async run(subject) {
      const { host } = subject;
      const { name: instance } = await spawned(subject);
      await answered(subject, 'compute.release', { host, instance });
      await refused(subject, DESTROY, { host, instance }, 'FORBIDDEN');
      await isInState(subject, instance, { state: 'running' });
    },
  },
  {
    word: 'plan',
    title: 'says what it would do, and does nothing',
    needs: ['operation.launch'],
    async run(subject) {
      const { name: instance } = await spawned(subject);
      await planned(subject, DESTROY, { host: subject.host, instance });
      await isInState(subject, instance, { state: 'running' });
    },
  },
  {
    word: 'volumes-stay',
    title: 'leaves the volumes, which another instance can have afterwards',
    needs: ['operation.launch', 'storage.block'],
    async run(subject) {
      const { host, values } = subject;
      const volume = values.volume();
      const { name } = await spawned(subject, { volumes: [volume] });
      const held = await subject.volumeHolds(volume.id);
      await answered(subject, DESTROY, { host, instance: name });
      ensure(
        held !== undefined && (await subject.volumeHolds(volume.id)) === held,
        'wrong-effect',
        `what was on ${volume.id} went with its instance`,
      );
      await spawned(subject, { volumes: [volume] });
    },
  },
];
