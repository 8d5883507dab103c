import { answered, ensure, hasFields, text } from '../../checks.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { instancesOf, isInState, listed } from './instance-state.js';
import type { Virt } from './spawning.js';
import { nobody, stateChangeScenarios } from './state-changes.js';

/** `power_on` and `power_off` are every driver's, and no feature's: what they bring about is what there is to tell. */
const powerScenarios: readonly Virt[] = (['on', 'off'] as const).flatMap((verb) =>
  stateChangeScenarios({
    method: `compute.power_${verb}`,
    from: verb === 'on' ? 'shutdown' : 'running',
    to: verb === 'on' ? 'running' : 'shutdown',
  }).map((scenario) => ({
    ...scenario,
    word: `power-${verb}-${scenario.word}`,
    title: `power_${verb} ${scenario.title}`,
  })),
);

export const guestInfoScenarios: readonly Virt[] = [
  ...(['running', 'shutdown'] as const).map((state): Virt => ({
    word: state,
    title: `tells state, processors and memory of an instance that is ${state}`,
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance(state);
      const info = await answered(subject, 'compute.get_info', { host, instance });
      hasFields(info, { name: instance, power_state: state, transition: null }, 'compute.get_info');
      positive(info, 'vcpus');
      positive(info, 'memory_mib');
      ensure(
        info['max_memory_mib'] === null || Number(info['max_memory_mib']) >= Number(info['memory_mib']),
        'wrong-answer',
        `an instance has ${text(info['memory_mib'])} MiB, and at most ${text(info['max_memory_mib'])}`,
      );
      await isInState(subject, instance, { state });
    },
  })),
  {
    word: 'by-id',
    title: 'tells the same of an instance that is named by its id',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('running');
      // What goes on while it runs may have gone on in between.
      const {
        observed_at: _one,
        cpu_time_ns: _time,
        ...byName
      } = await answered(subject, 'compute.get_info', {
        host,
        instance,
      });
      const { observed_at: _two, ...byId } = await answered(subject, 'compute.get_info', {
        host,
        instance: byName['id'],
      });
      hasFields(byId, byName, 'compute.get_info by id');
      hasFields(await listed(subject, host, instance), { id: byName['id'] }, 'compute.list_instances', 'contradiction');
    },
  },
  nobody('compute.get_info'),
  ...powerScenarios,
];

export const hostInfoScenarios: readonly Virt[] = [
  {
    word: 'facts',
    title: 'tells product, state, size, and how many instances there are and run, as many as are listed',
    async run(subject) {
      const { host } = subject;
      await subject.instance('running');
      await subject.instance('shutdown');
      const info = await answered(subject, 'host.get_info', { host });
      hasFields(info, { host, status: 'up' }, 'host.get_info');
      const product = info['hypervisor'];
      ensure(typeof product === 'string' && product !== '', 'wrong-answer', 'host.get_info names no product');
      positive(info, 'vcpus');
      positive(info, 'memory_mib');
      await countsWhatIsListed(subject, info);
    },
  },
  {
    word: 'follows',
    title: 'counts one more that runs once an instance was started',
    async run(subject) {
      const { host } = subject;
      const instance = await subject.instance('shutdown');
      const before = await answered(subject, 'host.get_info', { host });
      await answered(subject, 'compute.power_on', { host, instance });
      const after = await answered(subject, 'host.get_info', { host });
      hasFields(after, { running: Number(before['running']) + 1, instances: before['instances'] }, 'host.get_info');
      await countsWhatIsListed(subject, after);
    },
  },
];

async function countsWhatIsListed(subject: VirtSubject, info: Answer): Promise<void> {
  const instances = await instancesOf(subject, subject.host);
  const running = instances.filter(({ power_state: state }) => state === 'running').length;
  hasFields(info, { instances: instances.length, running }, 'host.get_info', 'contradiction');
}

function positive(answer: Answer, name: string): void {
  const value = answer[name];
  ensure(
    typeof value === 'number' && value > 0,
    'wrong-answer',
    `${name} has to be a number above 0, not ${text(value)}`,
  );
}
