import { already, answered, hasFields, refused, unchanged } from '../../checks.js';
import { isInState } from './instance-state.js';
import type { Virt } from './spawning.js';

const METHOD = 'host.set_maintenance';

export const maintenanceScenarios: readonly Virt[] = [
  {
    word: 'stops',
    title: 'switches off what runs on a host, and takes no changes there until it is over',
    async run(subject) {
      const { name: host, running, shutdown } = await subject.wholeHost();
      const answer = await answered(subject, METHOD, { host, enabled: true });
      await isInState(subject, running, { state: 'shutdown', host });
      await isInState(subject, shutdown, { state: 'shutdown', host });
      hasFields(answer, { outcome: 'done', children: 1 }, METHOD);
      await unchanged(subject, 'a start in maintenance', () =>
        refused(subject, 'compute.power_on', { host, instance: shutdown }, 'STATE_CONFLICT'),
      );
      await answered(subject, METHOD, { host, enabled: false });
      await answered(subject, 'compute.power_on', { host, instance: shutdown });
      await isInState(subject, shutdown, { state: 'running', host });
      await isInState(subject, running, { state: 'shutdown', host });
    },
  },
  {
    word: 'moves',
    title: 'moves what runs on a host to another one, live, when it is told where to',
    needs: ['operation.live-migrate'],
    async run(subject) {
      const { destination } = subject;
      const { name: host, running, shutdown } = await subject.wholeHost();
      const answer = await answered(subject, METHOD, { host, destination, enabled: true });
      await isInState(subject, running, { state: 'running', host: destination });
      await isInState(subject, shutdown, { state: 'shutdown', host });
      hasFields(answer, { outcome: 'done', children: 1 }, METHOD);
      await answered(subject, METHOD, { host, enabled: false });
    },
  },
  {
    word: 'again',
    title: 'says "already" of a host that is in maintenance, and changes nothing',
    async run(subject) {
      const { name: host } = await subject.wholeHost();
      for (const enabled of [true, false]) {
        await answered(subject, METHOD, { host, enabled });
        await already(subject, METHOD, { host, enabled });
      }
    },
  },
];
