import { already, answered, ensure, hasFields, text } from '../../checks.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { atBackend, backendGets, backendHas, isInState } from './instance-state.js';
import { spawned, type Virt } from './spawning.js';
import { isRefused, needsGuest, nobody } from './state-changes.js';

const SNAPSHOT = 'compute.snapshot';
const PASSWORD = 'compute.set_admin_password';
const DUMP = 'compute.trigger_crash_dump';
const QUIESCE = 'compute.quiesce';
const UNQUIESCE = 'compute.unquiesce';

export const snapshotScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'saves the root disk of a running instance as an image, of which another one can be made',
    needs: ['operation.launch', 'storage.image'],
    async run(subject) {
      const { host } = subject;
      const { name: instance } = await spawned(subject, { image: subject.values.image });
      const name = subject.freshName();
      const answer = await answered(subject, SNAPSHOT, { host, instance, name });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, SNAPSHOT);
      hasFields((answer['image'] ?? {}) as Answer, { name }, `${SNAPSHOT}: image`);
      await isInState(subject, instance, { state: 'running' });
      const { name: copy } = await spawned(subject, { image: { source: name } });
      await backendHas(subject, copy, { image: name });
      await backendHas(subject, instance, { image: subject.values.image.source });
    },
  },
  {
    word: 'taken',
    title: 'is refused for a name that another image has',
    run: (subject) => isRefused(subject, 'running', SNAPSHOT, 'ALREADY_EXISTS', { name: subject.values.otherImage }),
  },
  nobody(SNAPSHOT),
];

export const passwordScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'sets the password in a running guest, and tells it nobody',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('running', 'with-guest');
      const password = 'canary-of-the-guest';
      const answer = await answered(subject, PASSWORD, { host, instance, password });
      await backendGets(subject, instance, { hasPassword: true });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, PASSWORD);
      const operation = await answered(subject, 'operation.get', { operation_id: answer['operation_id'] });
      const told = JSON.stringify([answer, operation, await answered(subject, 'compute.get_info', { host, instance })]);
      ensure(!told.includes(password), 'wrong-answer', 'an answer holds the password');
    },
  },
  needsGuest(PASSWORD),
  nobody(PASSWORD),
];

export const crashDumpScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'makes a running guest dump its memory, once for each request',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('running', 'with-guest');
      const { crashDumps: before = 0 } = await atBackend(subject, instance);
      for (const crashDumps of [before + 1, before + 2]) {
        const answer = await answered(subject, DUMP, { host, instance });
        await backendGets(subject, instance, { crashDumps });
        hasFields(answer, { outcome: 'done' }, DUMP);
      }
    },
  },
  needsGuest(DUMP),
  nobody(DUMP),
];

export const quiesceScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'holds the file systems of a running guest',
    async run(subject) {
      const { request, answer } = await quiesced(subject);
      await isInState(subject, request.instance, { state: 'running' });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, QUIESCE);
      await already(subject, QUIESCE, request);
    },
  },
  needsGuest(QUIESCE),
  nobody(QUIESCE),
];

export const unquiesceScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'lets file systems that are held go on',
    needs: ['operation.quiesce'],
    async run(subject) {
      const { request } = await quiesced(subject);
      const answer = await answered(subject, UNQUIESCE, request);
      await backendHas(subject, request.instance, { isQuiesced: false });
      hasFields(answer, { outcome: 'done', power_state: 'running' }, UNQUIESCE);
    },
  },
  {
    word: 'again',
    title: 'says "already" of file systems that are not held, and changes nothing',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('running', 'with-guest');
      await already(subject, UNQUIESCE, { host, instance });
    },
  },
  nobody(UNQUIESCE),
];

async function quiesced(subject: VirtSubject) {
  const request = { host: subject.host, instance: await subject.instance('running', 'with-guest') };
  const answer = await answered(subject, QUIESCE, request);
  await backendHas(subject, request.instance, { isQuiesced: true });
  return { request, answer };
}

export const traitScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'tells what the processors of the host can do',
    async run(subject) {
      const { cpu_traits: traits } = await answered(subject, 'host.get_info', { host: subject.host });
      const names = Array.isArray(traits) ? traits.map(String) : [];
      const isTold = names.length > 0 && names.every((name) => /^(HW|COMPUTE)_[A-Z0-9_]+$/.test(name));
      ensure(isTold, 'wrong-answer', `cpu_traits have to be names of traits, not ${text(traits)}`);
      ensure(new Set(names).size === names.length, 'wrong-answer', `cpu_traits name some twice: ${text(names)}`);
      const lacking = subject.values.cpuTraits.filter((trait) => !names.includes(trait));
      ensure(lacking.length === 0, 'wrong-answer', `cpu_traits lack ${text(lacking)}: they are ${text(names)}`);
    },
  },
];
