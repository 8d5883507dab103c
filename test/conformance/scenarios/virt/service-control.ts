import { already, answered, ensure, hasFields, refused, unchanged } from '../../checks.js';
import type { Answer, VirtSubject } from '../../subject.js';
import { isInState } from './instance-state.js';
import { description, type Virt } from './spawning.js';

const METHOD = 'host.set_enabled';

export const serviceControlScenarios: readonly Virt[] = [
  {
    word: 'effect',
    title: 'lets a host take no new instances, and change those that it has, until it is opened again',
    needs: ['operation.launch'],
    async run(subject) {
      const { name: host, running, shutdown } = await subject.wholeHost();
      const answer = await answered(subject, METHOD, { host, enabled: false });
      hasFields(answer, { outcome: 'done', host, enabled: false }, METHOD);
      await isEnabled(subject, host, false);
      const request = { ...description(subject), host };
      await unchanged(subject, 'a new instance on a host that is closed', () =>
        refused(subject, 'compute.spawn', request, 'STATE_CONFLICT'),
      );
      await answered(subject, 'compute.power_on', { host, instance: shutdown });
      await isInState(subject, shutdown, { state: 'running', host });
      await isInState(subject, running, { state: 'running', host });
      await answered(subject, METHOD, { host, enabled: true });
      await isEnabled(subject, host, true);
      await answered(subject, 'compute.spawn', request);
      await isInState(subject, request.name, { state: 'running', host });
    },
  },
  {
    word: 'again',
    title: 'says "already" of a host that is so, and changes nothing',
    async run(subject) {
      const { name: host } = await subject.wholeHost();
      for (const enabled of [true, false, true]) {
        await answered(subject, METHOD, { host, enabled });
        await already(subject, METHOD, { host, enabled });
      }
    },
  },
];

async function isEnabled(subject: VirtSubject, host: string, enabled: boolean): Promise<void> {
  const { hosts } = await answered(subject, 'host.list', {});
  const found = (hosts as Answer[]).find(({ name }) => name === host);
  ensure(found?.['enabled'] === enabled, 'contradiction', `host.list has to tell that ${host} is enabled: ${enabled}`);
}
